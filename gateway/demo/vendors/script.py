"""What a vendor is told to do with its next requests: the faults that tests and the demo ask for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

Stop = Literal["hang", "abort", "close", "end"]


@dataclass(frozen=True, slots=True)
class Act:
    """One reply that is not the usual one; without any field it is the usual one."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)  # Retry-After and the like
    body: str | None = None  # sent as it is
    content_type: str | None = None
    raw: str | None = None  # sent in place of everything, the status line included; then the connection closes
    no: str | None = None  # a way of saying no, see refusals.WAYS
    text: str | None = None  # the answer
    thoughts: str | None = None  # reasoning before it
    tool_call: dict[str, Any] | None = None  # {"name", "arguments"}: the answer is this call
    stop: Stop | None = None  # hang: say no more, abort: reset, close: cut off, end: clean end without a finish
    after: int | None = None  # chunks sent before it stops; None: before the headers
    first_byte_s: float | None = None
    chunk_s: float | None = None  # between chunks
    comments: int = 0  # keep-alive comments before the first chunk of a stream
    usage: bool = True


class BadScript(ValueError):
    """What was asked for cannot be played; the text says why."""


def act(given: object) -> Act:
    """Raises BadScript."""
    if not isinstance(given, dict):
        raise BadScript(f"an act is an object, this is {given!r}")
    known = {each.name for each in fields(Act)}
    strange = sorted(set(given) - known)
    if strange:
        raise BadScript(f"no act has {', '.join(strange)}; known: {', '.join(sorted(known))}")
    if given.get("stop") not in (None, *get_args(Stop)):
        raise BadScript(f"`stop` is one of {', '.join(get_args(Stop))}")
    return Act(**given)


@dataclass(slots=True)
class Script:
    """What comes next for one vendor; when it is used up the vendor is itself again."""

    acts: deque[Act] = field(default_factory=deque)
    always: Act | None = None

    def next(self) -> Act:
        if self.acts:
            return self.acts.popleft()
        return self.always or Act()
