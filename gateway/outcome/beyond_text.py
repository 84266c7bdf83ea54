"""Replies that are no text of a model: images, sound, transcripts, scores. Read for end, usage and errors alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gateway.interfaces import Interface
from gateway.outcome.reading import Reading
from gateway.outcome.wire import Choice, Event, Part, complains, document_of, is_error

_ENDS = (".completed", ".done")  # of the types of a stream's events: image_generation.completed, speech.audio.done
MOST_DOCUMENT = 65_536  # bytes of an error in the place of sound


class BeyondText:
    """A WireReader for interfaces whose replies are no text. `parts`: how many of the stream's last events come."""

    __slots__ = ("_answer", "_details", "_parts", "_plain", "_used", "over")
    owed = b""

    def __init__(self, interface: Interface, parts: int = 1) -> None:
        self._answer = interface.answer
        self._plain = interface.plain
        self._parts = max(1, parts)
        self._used: Counter[str] = Counter()
        self._details: dict[str, Counter[str]] = {}
        self.over = False

    def decode(self, data: bytes) -> Event | None:
        """See WireReader."""
        read = document_of(data)
        if isinstance(read, list) and self._answer == "results":  # some rerankers answer with the scores alone
            return _last(Event(), there=bool(read))
        if not isinstance(read, dict):
            return _last(Event(), there=True) if self._plain else None
        if complains(read):
            return Event(choices=[], error=read["error"] if is_error(read.get("error")) else read)
        kind = read.get("type")
        if isinstance(kind, str) and "." in kind:
            return self._event(kind, read)
        answer = read.get(self._answer or "", read.get("data"))
        if answer is None:
            return Event(choices=[], error={"message": "the reply holds no answer"})
        return _last(Event(usage=_usage(read, images=self._answer == "data")), there=answer != [])

    def _event(self, kind: str, read: Mapping[str, Any]) -> Event:
        if not kind.endswith(_ENDS):
            return Event(choices=[Choice(delta=Part(audio=True))])
        usage = read.get("usage")
        if isinstance(usage, dict):
            self._used.update({name: count for name, count in usage.items() if type(count) in (int, float)})
            for name, parts in usage.items():
                if isinstance(parts, dict):
                    counts = {part: count for part, count in parts.items() if type(count) in (int, float)}
                    self._details.setdefault(name, Counter()).update(counts)
        if kind.startswith("image"):
            self._used["images"] += 1
        self._parts -= 1
        self.over = self._parts <= 0
        details = {name: dict(counts) for name, counts in self._details.items()}
        return _last(Event(usage={**self._used, **details} or None), there=True)


class SoundMeter:
    """Sound as it comes. A JSON document in its place is an error, and is not handed on."""

    __slots__ = ("_held", "done", "reading")

    stray = False
    garbled = False

    def __init__(self) -> None:
        self.reading = Reading()
        self.done = False
        self._held: bytes | None = b""  # what may be the beginning of a document; None: it is none

    def feed(self, chunk: bytes) -> bytes:
        """What may be passed on."""
        if self._held is None:
            return chunk
        self._held += chunk
        if self._held.lstrip()[:1] in (b"", b"{") and len(self._held) < MOST_DOCUMENT:
            return b""
        return self._release()

    def end(self) -> bytes:
        """The upstream's body is over."""
        document = document_of(self._held) if self._held else None
        if isinstance(document, dict):
            self.reading.complain(document if complains(document) else {"error": {"message": "a document, no sound"}})
            return b""
        rest = self._release() if self._held else b""
        self.reading.add(_last(Event(), there=False))
        return rest

    def resume(self) -> bytes:
        """Nothing of sound waits."""
        return b""

    def _release(self) -> bytes:
        held, self._held = self._held or b"", None
        self.reading.add(Event(choices=[Choice(delta=Part(audio=True))]))
        return held


def _last(event: Event, *, there: bool) -> Event:
    """With an end, and with something before it if it is `there`."""
    event.choices = [Choice(delta=Part(audio=there or None), finish_reason="stop")]
    return event


def _usage(document: Mapping[str, Any], *, images: bool) -> dict[str, Any] | None:
    """The usage of a whole reply, its parts under names that `read_usage` knows. `images`: they are its answer."""
    written, meta = document.get("usage"), document.get("meta")
    usage = dict(written) if isinstance(written, dict) else {}
    for name in ("tokens", "billed_units"):
        part = meta.get(name) if isinstance(meta, dict) else None
        usage |= part if isinstance(part, dict) else {}
    if "total_tokens" in usage and usage.keys().isdisjoint(("prompt_tokens", "input_tokens")):
        usage["prompt_tokens"] = usage["total_tokens"]  # of a reranker: nothing is written
    if "duration" in document and "seconds" not in usage:
        usage["seconds"] = document["duration"]
    made = document.get("data") if images else None
    if isinstance(made, list):
        usage["images"] = len(made)
    return usage or None
