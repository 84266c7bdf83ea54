"""A policy folder while it is put together: endpoints before they have names, routes, teams, guards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.importing.findings import Findings
from gateway.importing.shipped import Row, Shipped

Handle = int  # an endpoint of the draft; its id is known once all are there


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says besides the file."""

    today: str
    own: Mapping[str, str | None] = field(default_factory=dict)  # own machines, HOST or HOST:PORT, and their country
    context: Mapping[str, int] = field(default_factory=dict)  # context_tokens by name of a model
    virtual_keys: Mapping[str, str] = field(default_factory=dict)  # Portkey's name of a key: whose key it is
    files: Mapping[str, bytes] = field(default_factory=dict)  # models, teams, keys, customers
    variable: Callable[[str], str | None] = lambda name: None  # of the environment, for names and addresses
    beside: Callable[[str], bytes | None] = lambda name: None  # a file beside the configuration


@dataclass(slots=True)
class Wanted:
    """One endpoint: a row whose id is a stem until all are known."""

    row: Row
    key_env: str | None
    label: str | None = None  # tells two keys apart, if there are two
    own_model: Row | None = None
    tells: list[str] = field(default_factory=list)
    ceilings: dict[str, int] = field(default_factory=dict)  # no part of what it is
    parameters: Row = field(default_factory=dict)  # what its requests are given and relieved of
    called: str | None = None  # tells two apart that differ in nothing but these


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of `try`."""

    handles: tuple[Handle, ...]
    together: bool = False  # written as `{any: {endpoint: […]}}`, sorted by the route's order
    at_most: float | None = None  # dollars per million output tokens


@dataclass(frozen=True, slots=True)
class Way:
    """One route before it is written; equal ways of two names are one route."""

    items: tuple[Item, ...]
    order: str | None = None
    limits: tuple[tuple[str, Any], ...] = ()
    reroute: tuple[str, ...] | None = None
    canary: tuple[Handle, float] | None = None
    when: tuple[tuple[str, Any], ...] = ()  # tests besides the name
    weights: tuple[tuple[Handle, float], ...] = ()  # of those that share, where the order is `weighted`


@dataclass(slots=True)
class Draft:
    """What the folder will hold."""

    shipped: Shipped
    said: Said
    findings: Findings
    peer: Literal["LiteLLM", "OpenRouter", "Portkey"]
    wanted: list[Wanted] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # what callers ask for: a note
    ways: list[tuple[str, str, Way]] = field(default_factory=list)  # route name, the name it serves, the way
    guards: list[Row] = field(default_factory=list)
    defaults: Row = field(default_factory=dict)
    teams: Row = field(default_factory=dict)
    keys: list[Row] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    cache: Row = field(default_factory=dict)  # of every route
    budgets: list[Row] = field(default_factory=list)  # of an operator, or of a `handle`
    every_name: bool = False  # one way for whatever is asked for

    def want(self, wanted: Wanted) -> Handle:
        """The handle of this endpoint; the same one for the same row and key."""
        for number, known in enumerate(self.wanted):
            same = (known.row, known.key_env, known.parameters) == (wanted.row, wanted.key_env, wanted.parameters)
            if same:
                return number
        self.wanted.append(wanted)
        return len(self.wanted) - 1

    def used(self) -> list[Handle]:
        """Endpoints that a route proposes; others are not written, or a caller could name them."""
        ways = [way for _, _, way in self.ways]
        handles = {handle for way in ways for item in way.items for handle in item.handles}
        return sorted(handles | {way.canary[0] for way in ways if way.canary is not None})

    def ids(self) -> dict[Handle, str]:
        """The endpoints' ids: a part after `/` tells apart what differs in its key or its address."""
        stems: dict[str, list[Handle]] = {}
        for handle in self.used():
            stems.setdefault(str(self.wanted[handle].row["id"]), []).append(handle)
        named: dict[Handle, str] = {}
        taken: set[str] = set()
        for stem, alike in stems.items():
            for handle, id in zip(alike, _apart(stem, [self.wanted[handle] for handle in alike]), strict=True):
                named[handle] = unique(id, taken)
        return {handle: named[handle] for handle in sorted(named)}


def _apart(stem: str, alike: list[Wanted]) -> list[str]:
    if len(alike) == 1:
        return [stem]
    made, number = [], 0
    for wanted in alike:
        if wanted.key_env == wanted.row.get("key_env") and wanted.label is None and stem not in made:
            made.append(stem)
            continue
        twin = wanted.called if wanted.parameters and wanted.label is None else None
        number += wanted.label is None and twin is None
        label = wanted.label or twin or f"key-{number}"
        made.append(f"{stem}{'-' if '/' in stem.partition('@')[2] else '/'}{label}")
    return made


def unique(name: str, taken: set[str]) -> str:
    """The name, with a number if it is taken; takes it."""
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name}-{number}"
    taken.add(made)
    return made


def word(text: str, most: int = 70) -> str:
    """A name of letters, digits, `.`, `_` and `-`: of routes, guards, keys."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:most].strip("-._")
    return plain or "unnamed"


def model_id(text: str) -> str:
    """A name of weights in the catalogue's form."""
    last = text.strip().rpartition("/")[2] or text
    return re.sub(r"[^a-z0-9._-]+", "-", last.lower()).strip("-._")[:120] or "unnamed"
