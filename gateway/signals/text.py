"""What a request says, in the form that every text signal reads."""

from __future__ import annotations

from dataclasses import dataclass, field

SCANNED_CHARS = 1_000_000  # text beyond this bound is not read, which makes the text signals unknown
MOST_PASSAGES = 50_000  # of one request, empty ones and images too; more are not read either


@dataclass(frozen=True, slots=True)
class Passage:
    """One piece of text of a request, in the order the caller sent them."""

    role: str  # system, user, assistant or tool (tool definitions, arguments and results)
    text: str
    beside: bool = field(default=False, compare=False)  # not said in turn: definitions, names, options


@dataclass(frozen=True, slots=True)
class Text:
    """All text of one request: every message, system prompt, tool definition, tool argument and tool result."""

    passages: tuple[Passage, ...]
    readable: bool = True  # False: an image, audio, a file, stored state or text beyond the bound is part of it
