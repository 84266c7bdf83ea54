"""What a translator between two dialects is: one for each ordered pair of `openai`, `openai_responses`, `anthropic`.

Nothing is dropped in silence: each field of a caller's body is carried, adapted (and named), ignored because it cannot
change the answer (a row of the compatibility table), or refused with its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Body = Mapping[str, Any]  # decoded JSON


class Untranslatable(Exception):
    """A field that the upstream's dialect has no place for: the caller gets a 400 that names it."""

    def __init__(self, path: str, why: str):
        """`path`: the caller's, as `tools[0].type`; `why`: what to do instead, in lower case."""
        super().__init__(f"`{path}` {why}")
        self.path = path
        self.why = why


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a translator may know of the endpoint that is asked."""

    can: frozenset[str] = frozenset()  # capabilities by the catalogue
    max_output_tokens: int | None = None  # the model's own maximum, for dialects that must be given one
    limit_field: str = "max_completion_tokens"  # what a Chat upstream calls its bound on output
    developer_role: bool = True  # False: a Chat upstream that knows `system` alone
    custom_tools: bool = True  # False: an upstream that knows tools of type `function` alone
    vendor: str = ""  # its operator: whose signed reasoning only the same one can read
    strict: bool = False  # `x-gateway-strict: true`: what would be adapted is refused


@dataclass(frozen=True, slots=True)
class Memory:
    """What the way back must know of the request: filled by `request`, read by `whole` and `stream`."""

    body: Body  # the caller's, as it came
    model: str  # that the caller asked for
    response_id: str  # for dialects whose replies must have one: minted once, without a prefix
    created_at: int  # Unix seconds
    wrapped_tools: frozenset[str] = frozenset()  # custom tools that went as functions with one string `input`
    namespaced: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # upstream's name -> namespace and name
    vendor: str = ""  # see Upstream
    call_ids: Mapping[str, str] = field(default_factory=dict)  # upstream's call id -> the caller's, where rewritten
    clock: Callable[[], float] | None = None  # Unix seconds when it is asked: when a Response was completed


@dataclass(frozen=True, slots=True)
class Translated:
    """A request in the upstream's dialect."""

    body: dict[str, Any]
    memory: Memory
    adapted: tuple[str, ...] = ()  # for `x-gateway-adapted`, names only: `messages[2].content[0](image→user message)`


class StreamTranslator(Protocol):
    """One stream on its way back. Takes whole server-sent events, gives bytes that are whole events."""

    def feed(self, name: str, data: Body) -> bytes:
        """`name`: "" where the dialect has none; `data`: decoded JSON. An upstream's error is told by another way.

        Where an event is the upstream's own end (message_stop, response.completed), this tells the caller's end too.
        """
        ...

    def end(self) -> bytes:
        """After [DONE], or a stream that is complete: what is still to be said; an error if its end never came."""
        ...


@runtime_checkable
class TellsFailure(Protocol):
    """A StreamTranslator whose dialect ends a stream that failed in words which only it knows, as `response.failed`."""

    def fail(self, code: str, message: str) -> bytes:
        """The end of a stream that breaks; b"" if it had one. `code`: that the caller's dialect has for it."""
        ...
