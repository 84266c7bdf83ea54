"""Freezes: operators, endpoints, countries or lists that an administrator has stopped, and what they remove. Pure.

A freeze and its lift are rows that are only ever added. What two places know is put together by `merged`, in any order
and any number of times with the same result; a lift wins. A freeze removes as a guard does, under the name
`freeze:<selector>=<value>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.policy.compiled import Policy
from gateway.policy.evaluate import removal
from gateway.policy.rules import FactTest, Term

Selector = Literal["operator", "endpoint", "origin", "lineage", "exposure", "list"]
Frozen: TypeAlias = tuple[tuple[str, str], ...]  # (selector, value)
UNREAD: Final = ("all", "unread")  # in the place of freezes that cannot be read: nothing may be asked


class Freeze(msgspec.Struct, frozen=True, tag_field="row", tag="freeze"):
    """An administrator stopped something."""

    id: str
    selector: Selector
    value: str
    at: float  # seconds since the epoch
    by: str
    abort: bool = False  # streams that run end too
    reason: str | None = None


class Lift(msgspec.Struct, frozen=True, tag_field="row", tag="lift"):
    """The end of the freeze with this id, whatever else is heard of it."""

    id: str
    at: float
    by: str


Row: TypeAlias = Freeze | Lift
Rows: TypeAlias = Mapping[str, Row]  # by `key_of`

_encode = msgspec.json.Encoder().encode
_decode: Callable[[bytes], Row] = msgspec.json.Decoder(Row).decode


def key_of(row: Row) -> str:
    """What a row is known by; two with the same say the same."""
    return f"{'freeze' if isinstance(row, Freeze) else 'lift'}:{row.id}"


def by_key(rows: Iterable[Row]) -> dict[str, Row]:
    """Of several with the same key the earliest stands, wherever they come from."""
    known: dict[str, Row] = {}
    for row in rows:
        before = known.get(key_of(row))
        known[key_of(row)] = row if before is None else min(before, row, key=lambda each: (each.at, _encode(each)))
    return known


def merged(*parts: Rows) -> Rows:
    """What all of them know together."""
    return by_key(row for rows in parts for row in rows.values())


def standing(rows: Rows) -> list[Freeze]:
    """Those in force, oldest first."""
    freezes = [row for row in rows.values() if isinstance(row, Freeze) and f"lift:{row.id}" not in rows]
    return sorted(freezes, key=lambda row: (row.at, row.id))


def selectors(freezes: Iterable[Freeze]) -> Frozen:
    """What they stop, each once."""
    return tuple(sorted({(row.selector, row.value) for row in freezes}))


def written(row: Row) -> bytes:
    """One line of JSON."""
    return _encode(row)


def parsed(line: bytes) -> Row | None:
    """None for what cannot be read, also for a selector of a later release."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def freeze_mask(policy: Policy, frozen: Frozen) -> int:
    """What all of them remove."""
    bits = 0
    for selector, value in frozen:
        bits |= removed_by_freeze(policy, selector, value)
    return bits


@lru_cache(maxsize=256)
def removed_by_freeze(policy: Policy, selector: str, value: str) -> int:
    """As `never: {<selector>: value}` would; an endpoint of which the fact is not known goes too."""
    if (selector, value) == UNREAD:
        return policy.everything
    fact = "lists" if selector == "list" else selector
    return removal((), [FactTest(fact, Term(frozenset({value})))], policy.endpoints)


def named(policy: Policy, frozen: Frozen, endpoint: Endpoint) -> list[str]:
    """Which of them stop this endpoint."""
    return [
        freeze_name(selector, value)
        for selector, value in frozen
        if removed_by_freeze(policy, selector, value) >> endpoint.index & 1
    ]


def freeze_name(selector: str, value: str) -> str:
    """How a freeze is called where guards are named."""
    return "freeze:unread" if (selector, value) == UNREAD else f"freeze:{selector}={value}"
