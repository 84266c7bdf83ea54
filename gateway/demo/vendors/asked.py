"""What a request comes to, whatever its wire: the parts of it that a simulated vendor acts on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["chat", "completion", "messages", "responses"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call."""

    name: str
    schema: dict[str, Any]  # of its arguments; {} for one that takes a text
    description: str = ""
    custom: bool = False  # takes a text instead of arguments


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that a vendor acts on."""

    kind: Kind
    prompt: str  # the last thing the user said
    input_tokens: int
    cached_tokens: int
    max_tokens: int | None
    stream: bool
    include_usage: bool
    choices: int
    id: str  # without the prefix of its wire
    model: str = ""  # that answers
    created: int = 0  # Unix seconds
    tools: tuple[Tool, ...] = ()
    choice: str = "auto"  # `auto`, `none`, `required`, or the name of a tool
    parallel: bool = True  # several calls at once
    called: frozenset[str] = frozenset()  # names of tools called since the user spoke
    results: tuple[str, ...] = ()  # what they said
    form: dict[str, Any] | None = None  # `{"type": "json_object"}` or `{"type": "json_schema", "schema": {…}}`
    stops: tuple[str, ...] = ()
    logprobs: int | None = None  # how many of the likeliest tokens; None: not asked for
    thinks: bool = False  # is asked to
    body: dict[str, Any] = field(default_factory=dict)  # as it came, for wires that repeat parts of it
