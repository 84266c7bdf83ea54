"""What stands in a journal: records of requests, and the words that they share, which are told once a segment.

Every struct is an array in msgpack whose first element says which it is. A later format may add fields at the end, with
a default; it may not change or remove any.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.catalog.prices import Usage

Ref = int  # the number under which a word was told earlier in the same segment


class _Told(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One array."""


class Place(_Told, frozen=True, tag=1):
    """An endpoint, as the catalogue described it."""

    ref: Ref
    endpoint: str
    model: str
    operator: str
    origin: str | None
    exposure: tuple[str, ...]
    hosting: str
    upstream_model: str


class Terms(_Told, frozen=True, tag=2):
    """A policy."""

    ref: Ref
    version: str
    languages: tuple[str, ...]  # that its rules name, or that are always counted by name


class Removal(_Told, frozen=True, tag=3):
    """What some set of guards and freezes removed."""

    ref: Ref
    removed: tuple[tuple[Ref, tuple[str, ...]], ...]  # each endpoint with its guards and freezes


class Order(_Told, frozen=True, tag=4):
    """The endpoints that a decision named, in the order to try."""

    ref: Ref
    endpoints: tuple[Ref, ...]


class Tried(_Told, frozen=True):
    """One attempt."""

    place: Ref
    purpose: str  # serve canary shadow judge probe
    outcome: str
    failure: str | None
    status: int | None
    usage: tuple[int, int, int, int, int, int, bool]  # in the order of Usage
    cost_usd: str
    price_since: str | None
    finish_reason: str | None
    started: float  # monotonic seconds, as `Record.started`
    first_byte_s: float | None
    total_s: float
    peer: str | None
    certificate: str | None
    adapted: tuple[str, ...] = ()  # what of the request was put in another form for this endpoint
    pieces: tuple[int, int, int, int, str] | None = None  # images, audio_ms, characters, searches, variant; None: none

    @property
    def tokens(self) -> Usage:
        return Usage(*self.usage, *(self.pieces or ()))


class Decided(_Told, frozen=True):
    """The decision behind a record."""

    terms: Ref
    route: str
    signals: dict[str, Any]
    removal: Ref
    order: Ref
    at: float
    draw: float | None
    frozen: tuple[tuple[str, str], ...]
    conversation: str | None
    max_tokens: int | None
    canary: tuple[str, bool] | None  # the trial that the request could be drawn for, and whether it was
    coarse: bool  # records keep personal signals coarse
    topic: str | None  # the first in declared order; None: the signals say
    decline_wanted: bool  # the policy wants this topic declined


class Kept(_Told, frozen=True):
    """An answer that was given again."""

    place: Ref  # who had given it
    request_id: str  # that it was made for
    age_s: float
    saved_usd: str  # what it had cost


class Record(_Told, frozen=True, tag=0):
    """Everything that is kept of one request. No prompt, no answer."""

    request_id: str
    client_request_id: str | None
    at: float
    ended_at: float
    team: str
    app: str | None
    key_id: str | None
    kind: str
    model: str
    stream: bool
    decided: Decided | None  # None: it was stopped before a decision
    outcome: str
    denied_by: str | None
    cost_usd: str
    baseline_list_usd: str | None
    baseline_permitted: bool
    rerouted: tuple[tuple[str, str, str], ...]
    overhead_s: float
    total_s: float
    beside: str  # shadow, judge or probe: asked beside all requests; "" for a caller's
    attempts: tuple[Tried, ...]
    traceparent: str | None = None  # of the caller
    started: float = 0.0  # monotonic seconds
    passed_over: tuple[tuple[str, str], ...] = ()  # (endpoint, its ceiling or the budget that was full)
    cache: str = ""  # hit or miss, where the route keeps answers
    kept: Kept | None = None  # what the caller got, if it was a hit


Word = Place | Terms | Removal | Order
decode = msgspec.msgpack.Decoder(Record | Word).decode
