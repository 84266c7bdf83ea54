"""What has been read of one reply so far: answer text, finish reasons, usage. Fed by the meters, event by event."""

from __future__ import annotations

from collections.abc import Collection
from io import StringIO
from typing import Any

from gateway.catalog.prices import Usage
from gateway.outcome.thinking import Beginning
from gateway.outcome.usage import read_usage
from gateway.outcome.wire import Choice, Event, Part

KEPT_CHARS = 65_536  # of answer text, for the refusal detector and the token estimate; the rest is only counted
MOST_REASON = 100  # characters of a finish reason: a vendor's word, not a place for the answer


class Said:
    """What one of a reply's choices has said."""

    __slots__ = ("_kept", "beginning", "finish", "other_parts", "refused", "told")

    def __init__(self) -> None:
        self._kept: StringIO | None = None
        self.beginning = Beginning()
        self.told = 0  # characters of the answer: neither thinking between tags nor white space before it
        self.other_parts = False  # a tool call, audio or another part that is not text
        self.refused = False  # a structured refusal
        self.finish: str | None = None

    @property
    def text(self) -> str:
        """What was kept of its answer."""
        return self._kept.getvalue() if self._kept is not None else self.beginning.open

    @property
    def empty(self) -> bool:
        """Nothing in it for the caller, as far as it goes."""
        return not (self.told or self.other_parts or self.refused)

    def keep(self, text: str) -> None:
        """More of the answer."""
        if self._kept is None:
            self._kept = StringIO()
        self._kept.write(text)


class Reading:
    """Grows with every event; never looks back."""

    __slots__ = ("_finished", "_kept", "_said", "_thought", "chars", "error", "events", "finish_reason", "other_parts",
                 "reasoning_chars", "thinks", "told", "usage")  # fmt: skip

    def __init__(self) -> None:
        self._said: dict[Any, Said] = {}
        self._finished = 0
        self._kept = 0
        self._thought = StringIO()
        self.events = 0
        self.chars = 0  # of answer text, thinking between tags included, all choices
        self.told = 0  # of these, what the answer is
        self.reasoning_chars = 0
        self.thinks = False  # some reasoning was there, wherever it stood
        self.other_parts = False  # a tool call, audio, vectors or another part that is not text
        self.finish_reason: str | None = None  # the last one seen
        self.usage: Usage | None = None
        self.error: Any = None  # an error object inside a reply

    @property
    def said(self) -> Collection[Said]:
        """Each choice that began."""
        return self._said.values()

    @property
    def texts(self) -> list[str]:
        """The answer of each choice that has one, without reasoning, up to KEPT_CHARS in all."""
        return [text for said in self._said.values() if (text := said.text)]

    @property
    def thought(self) -> str:
        """What stood between tags before the answers, for the token estimate; about KEPT_CHARS of it."""
        return self._thought.getvalue()

    @property
    def finished(self) -> int:
        """How many choices have a finish reason."""
        return self._finished

    @property
    def complete(self) -> bool:
        """Every choice that began has a finish reason; vectors are complete as they are."""
        return self._finished == len(self._said) if self._said else self.other_parts

    @property
    def empty(self) -> bool:
        """Nothing in it for the caller: no text, no tool call, no other part."""
        return not (self.told or self.other_parts) and all([said.empty for said in self._said.values()])

    def add(self, event: Event) -> None:
        """Takes in one event of a stream, or a whole reply."""
        self.events += 1
        if event.usage is not None and isinstance(event.usage, dict):
            self.usage = read_usage(event.usage) or self.usage
        if event.error is not None:
            self.error = event.error
        if len(event.data) > len(b"null"):
            self.other_parts = True
        for choice in event.choices or ():
            self._add_choice(choice)

    def _add_choice(self, choice: Choice) -> None:
        index = choice.index if type(choice.index) is int else str(choice.index)  # a vendor may number with anything
        said = self._said.get(index)
        if said is None:
            said = self._said[index] = Said()
        part = choice.delta or choice.message
        if part is not None:
            self._add_part(said, part)
        if choice.text:
            self._add_text(said, choice.text)
        if choice.finish_reason:
            self._finished += said.finish is None
            said.finish = self.finish_reason = str(choice.finish_reason)[:MOST_REASON].replace("\0", "")

    def _add_part(self, said: Said, part: Part) -> None:
        if part.content:
            self._add_text(said, part.content)
        reasoning = part.reasoning_content or part.reasoning
        if isinstance(reasoning, str):
            self.reasoning_chars += len(reasoning)
            self.thinks = self.thinks or bool(reasoning)
        if part.refusal:
            said.refused = True
            self._add_text(said, part.refusal)
        if part.tool_calls or part.function_call or part.audio:
            said.other_parts = self.other_parts = True

    def _add_text(self, said: Said, text: Any) -> None:
        if not isinstance(text, str):
            said.other_parts = self.other_parts = True
            return
        self.chars += len(text)
        told = text if said.beginning.begun else said.beginning.feed(text)
        if len(told) < len(text):
            self._add_thought(text[: len(text) - len(told)], said.beginning.thinks)
        if not told:
            return
        if self._kept < KEPT_CHARS:
            said.keep(told[: KEPT_CHARS - self._kept])
            self._kept += len(told)
        said.told += len(told)
        self.told += len(told)

    def _add_thought(self, text: str, tagged: bool) -> None:
        self.thinks = self.thinks or tagged
        if tagged and self._thought.tell() < KEPT_CHARS:
            self._thought.write(text)
