"""What has been read of one reply so far: answer text, finish reasons, usage. Fed by the meters, event by event."""

from __future__ import annotations

from collections.abc import Collection
from io import StringIO
from typing import Any

from gateway.catalog.prices import Usage
from gateway.catalog.rows import ModerationSignal
from gateway.outcome.finishes import Meaning, meaning_of, said_of
from gateway.outcome.parts import beside_content, parts_of
from gateway.outcome.thinking import Beginning
from gateway.outcome.usage import Half, later, missing_half, read_usage, usages_in
from gateway.outcome.watch import Watch
from gateway.outcome.wire import Choice, Event, Part, complains, document_of, is_error

KEPT_CHARS = 65_536  # of answer text, for the refusal detector and the token estimate; the rest is only counted
_KNOWN = Part.__struct_fields__
_UNWATCHED = Watch()
_MEANINGS: dict[str, Meaning] = {"filtered": "filtered", "declined": "declined", "failed": "failed"}


class Said:
    """What one of a reply's choices has said."""

    __slots__ = ("_kept", "beginning", "finish", "meaning", "other_parts", "refused", "told")

    def __init__(self) -> None:
        self._kept: StringIO | None = None
        self.beginning = Beginning()
        self.told = 0  # characters of the answer: neither thinking between tags nor white space before it
        self.other_parts = False  # a tool call, audio or another part that is not text
        self.refused = False  # a structured refusal
        self.finish: str | None = None
        self.meaning: Meaning | None = None  # of the finish reason, if it is no ordinary one

    @property
    def text(self) -> str:
        """What was kept of its answer."""
        return self._kept.getvalue() if self._kept is not None else self.beginning.open

    @property
    def empty(self) -> bool:
        """Nothing in it for the caller, as far as it goes."""
        return not (self.told or self.other_parts or self.refused)

    @property
    def broke_off(self) -> bool:
        """Its finish reason says that the vendor failed, or the model wrote what nobody can read."""
        if self.meaning == "malformed":
            return not self.empty  # else it is blank
        return self.meaning in ("failed", "overloaded") or (self.meaning == "context" and self.empty)

    def keep(self, text: str) -> None:
        """More of the answer."""
        if self._kept is None:
            self._kept = StringIO()
        self._kept.write(text)


class Reading:
    """Grows with every event; never looks back."""

    __slots__ = ("_finished", "_kept", "_said", "_thought", "_watch", "chars", "complaint", "events", "finish_reason",
                 "missing", "other_parts", "reasoning_chars", "signal", "thinks", "told", "usage")  # fmt: skip

    def __init__(self, watch: Watch = _UNWATCHED) -> None:
        self._watch = watch
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
        self.missing: Half | None = None  # of the usage: what nobody counted
        self.complaint: Any = None  # the document of an error inside the reply
        self.signal: ModerationSignal | None = None  # the row of a filter's flag, or of the last finish reason

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
        """Every choice that began has an ordinary finish reason; vectors are complete as they are."""
        return self.over and not any([said.broke_off for said in self._said.values()])

    @property
    def over(self) -> bool:
        """Every choice that began has a finish reason, be it a failure's."""
        return self._finished == len(self._said) if self._said else self.other_parts

    @property
    def ordinary(self) -> bool:
        """Complete, and every choice ended as a model ends it: not at a limit, nor by a word of the vendor's."""
        stood = self.signal is None and self.complaint is None and self.complete
        return stood and not any([said.meaning is not None or said.refused for said in self._said.values()])

    @property
    def empty(self) -> bool:
        """Nothing in it for the caller: no text, no tool call, no other part."""
        return not (self.told or self.other_parts) and all([said.empty for said in self._said.values()])

    @property
    def broken(self) -> bool:
        """The vendor says that it failed, however nicely the reply ends."""
        return self.complaint is not None or bool(self._said and all([said.broke_off for said in self._said.values()]))

    def add(self, event: Event, data: bytes = b"") -> None:
        """Takes in one event of a stream, or a whole reply; `data` is its JSON, to look closer where that is needed."""
        self.events += 1
        if isinstance(event.usage, dict):
            self._count(event.usage)
        if len(event.data) > len(b"null"):
            self.other_parts = True
        closer = event.error is not None or event.base_resp is not None
        if event.choices:
            for choice in event.choices:
                closer = self._add_choice(choice) or closer
        elif event.usage is None and not self.other_parts:
            closer = True
        if not data:
            if is_error(event.error):
                self.complaint = {"error": event.error}
        elif closer or (self._watch.marks and self._marked(data)):
            self._look(document_of(data))

    def _count(self, block: dict[str, Any]) -> None:
        usage = read_usage(block)
        self.usage = later(self.usage, usage)
        if self.usage is usage:
            self.missing = missing_half(block, usage)

    def complain(self, document: object) -> None:
        """An error that stands by itself: an event of that name, or a document that is no reply."""
        self.events += 1
        self.complaint = document

    def _marked(self, data: bytes) -> bool:
        return any([mark in data for mark in self._watch.marks])

    def _look(self, document: object) -> None:
        """Reads a document in full."""
        if not isinstance(document, dict):
            return
        if complains(document):
            self.complaint = document
        choices = document.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            part = (choice.get("delta") or choice.get("message")) if isinstance(choice, dict) else None
            said = self._said.get(_index(choice.get("index", 0))) if isinstance(choice, dict) else None
            if said is not None and isinstance(part, dict):
                self._add_unknown(said, part)
        if document.get("usage") is None:
            for usage in usages_in(document):
                self.usage = later(self.usage, usage)
        self.signal = self._watch.flag(document) or self.signal

    def _add_choice(self, choice: Choice) -> bool:
        """True if a closer look may tell what it says: no field that we know says anything, or it is the last."""
        index = choice.index if type(choice.index) is int else str(choice.index)  # a vendor may number with anything
        said = self._said.get(index)
        if said is None:
            said = self._said[index] = Said()
        before = said.told + self.reasoning_chars
        part = choice.delta
        if part is None and not (said.told or said.other_parts):  # else a last event that repeats the whole message
            part = choice.message
        if part is not None:
            self._add_part(said, part)
        if choice.text:
            self._add_text(said, choice.text)
        if choice.finish_reason is not None:
            reason = said_of(choice.finish_reason)
            if reason is not None:
                self._finish(said, reason)
                if self.usage is None:
                    return True
        if choice.error is not None:
            return True
        return before == said.told + self.reasoning_chars and not (said.told or said.other_parts or said.refused)

    def _finish(self, said: Said, reason: str) -> None:
        self._finished += said.finish is None
        said.finish = self.finish_reason = reason
        if reason in ("stop", "tool_calls"):
            return
        row = self._watch.finish(reason)
        said.meaning = _MEANINGS[row.outcome] if row is not None else meaning_of(reason)
        if row is not None and row.outcome == "failed":
            self.signal = row

    def _add_part(self, said: Said, part: Part) -> None:
        if part.content:
            self._add_content(said, part.content)
        reasoning = part.reasoning_content or part.reasoning
        if isinstance(reasoning, str):
            self.reasoning_chars += len(reasoning)
            self.thinks = self.thinks or bool(reasoning)
        if part.refusal:
            self._add_refusal(said, part.refusal)
        if part.tool_calls or part.function_call or part.audio:
            said.other_parts = self.other_parts = True

    def _add_content(self, said: Said, content: Any) -> None:
        if isinstance(content, str):
            self._add_text(said, content)
            return
        for kind, words in parts_of(content):
            self._add_kind(said, kind, words)

    def _add_unknown(self, said: Said, part: dict[str, Any]) -> None:
        """Fields of a message that we do not know by name."""
        counted = part.get("reasoning_content") or part.get("reasoning")
        for kind, words in beside_content(part, _KNOWN):
            if not (kind == "thought" and counted):
                self._add_kind(said, kind, words)

    def _add_kind(self, said: Said, kind: str, words: str) -> None:
        if kind == "text":
            self._add_text(said, words)
        elif kind == "thought":
            self.reasoning_chars += len(words)
            self.thinks = True
        elif kind == "refusal":
            self._add_refusal(said, words)
        else:
            said.other_parts = self.other_parts = True

    def _add_refusal(self, said: Said, words: Any) -> None:
        said.refused = True
        self._add_text(said, words)

    def _add_text(self, said: Said, text: Any) -> None:
        if not isinstance(text, str):
            self._add_content(said, text)
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


def _index(found: object) -> int | str:
    """A vendor may number its choices with anything."""
    return found if type(found) is int else str(found)
