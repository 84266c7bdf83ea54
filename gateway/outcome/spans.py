"""The W3C names of a request's spans, made from the request: what own machines are told and what is exported agree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from gateway.request import Arrival

_GIVEN = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})\Z")


@dataclass(frozen=True, slots=True)
class Above:
    """The caller's span."""

    trace: int
    span: int
    flags: int


def above(arrival: Arrival) -> Above | None:
    """None if the caller sent no `traceparent`, or one that is not in order."""
    found = _GIVEN.match(arrival.traceparent or "")
    return Above(*(int(part, 16) for part in found.groups())) if found else None


def trace_of(arrival: Arrival) -> int:
    """The caller's trace, else one of our own."""
    caller = above(arrival)
    return caller.trace if caller else _number(arrival.id, 16)


def span_of(arrival: Arrival, *, attempt: float | None = None) -> int:
    """Of the request, or of its attempt that started then (monotonic seconds)."""
    return _number(arrival.id if attempt is None else f"{arrival.id} {attempt!r}", 8)


def traceparent(arrival: Arrival, *, attempt: float) -> str:
    """What an upstream of that attempt is told."""
    caller = above(arrival)
    flags = caller.flags if caller else 1
    return f"00-{trace_of(arrival):032x}-{span_of(arrival, attempt=attempt):016x}-{flags:02x}"


def _number(name: str, size: int) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=size, person=b"span").digest()) or 1
