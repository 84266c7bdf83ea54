"""What has been read of one reply so far: answer text, finish reasons, usage. Fed by the meters, event by event."""

from __future__ import annotations

from io import StringIO
from typing import Any

from gateway.catalog.prices import Usage
from gateway.outcome.usage import read_usage
from gateway.outcome.wire import Choice, Event, Part

KEPT_CHARS = 65_536  # of answer text, for the refusal detector and the token estimate; the rest is only counted
MOST_REASON = 100  # characters of a finish reason: a vendor's word, not a place for the answer


class Reading:
    """Grows with every event; never looks back."""

    __slots__ = ("_finished", "_seen", "_texts", "chars", "error", "events", "finish_reason", "other_parts",
                 "reasoning_chars", "refused", "usage")  # fmt: skip

    def __init__(self) -> None:
        self._texts: dict[Any, StringIO] = {}
        self._seen: set[Any] = set()
        self._finished: set[Any] = set()
        self.events = 0
        self.chars = 0  # of answer text, all choices
        self.reasoning_chars = 0
        self.other_parts = False  # a tool call, audio or another part that is not text
        self.refused = False  # a structured refusal
        self.finish_reason: str | None = None  # the last one seen
        self.usage: Usage | None = None
        self.error: Any = None  # an error object inside a reply

    @property
    def texts(self) -> list[str]:
        """The answer text of each choice, without reasoning, up to KEPT_CHARS in all."""
        return [text.getvalue() for text in self._texts.values()]

    @property
    def finished(self) -> int:
        """How many choices have a finish reason."""
        return len(self._finished)

    @property
    def complete(self) -> bool:
        """Every choice that began has a finish reason."""
        return bool(self._finished) and self._finished >= self._seen

    @property
    def empty(self) -> bool:
        """Nothing in it for the caller: no text, no tool call, no other part."""
        return not (self.chars or self.other_parts or self.refused)

    def add(self, event: Event) -> None:
        """Takes in one event of a stream, or a whole reply."""
        self.events += 1
        if event.usage is not None and isinstance(event.usage, dict):
            self.usage = read_usage(event.usage) or self.usage
        if event.error is not None:
            self.error = event.error
        if len(event.data) > len(b"null"):
            self.other_parts = True
            self._finished.add("data")
        for choice in event.choices or ():
            self._add_choice(choice)

    def _add_choice(self, choice: Choice) -> None:
        index = choice.index if type(choice.index) is int else str(choice.index)  # a vendor may number with anything
        self._seen.add(index)
        part = choice.delta or choice.message
        if part is not None:
            self._add_part(index, part)
        if choice.text:
            self._add_text(index, choice.text)
        if choice.finish_reason:
            self._finished.add(index)
            self.finish_reason = str(choice.finish_reason)[:MOST_REASON].replace("\0", "")

    def _add_part(self, index: Any, part: Part) -> None:
        if part.content:
            self._add_text(index, part.content)
        reasoning = part.reasoning_content or part.reasoning
        if isinstance(reasoning, str):
            self.reasoning_chars += len(reasoning)
        if part.refusal:
            self.refused = True
            self._add_text(index, part.refusal)
        if part.tool_calls or part.function_call or part.audio:
            self.other_parts = True

    def _add_text(self, index: Any, text: Any) -> None:
        if not isinstance(text, str):
            self.other_parts = True
            return
        if self.chars < KEPT_CHARS:
            kept = self._texts.get(index)
            if kept is None:
                kept = self._texts[index] = StringIO()
            kept.write(text[: KEPT_CHARS - self.chars])
        self.chars += len(text)
