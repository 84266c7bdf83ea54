"""Reads a reply as it passes. Look, don't touch: only the usage event that we asked for is taken out again."""

from __future__ import annotations

from gateway.outcome.reading import Reading
from gateway.outcome.wire import decode

MOST_EVENT_BYTES = 16_000_000
_LONGEST_END = len(b"\r\n\r\n")


class MeteringError(Exception):
    """The upstream's bytes cannot be a reply: an event without an end, for instance."""


class WholeMeter:
    """A whole reply: a stream of one chunk."""

    __slots__ = ("done", "reading")

    rest = b""

    def __init__(self) -> None:
        self.reading = Reading()
        self.done = False

    def feed(self, body: bytes) -> bytes:
        """Reads the body; passes it on untouched."""
        event = decode(body)
        if event is not None:
            self.reading.add(event)
        self.done = True
        return body


class StreamMeter:
    """Server-sent events. Passes on whole events only, so that an error event can follow at any time."""

    __slots__ = ("_carry", "_keep_usage", "done", "reading")

    def __init__(self, *, keep_usage: bool) -> None:
        self.reading = Reading()
        self.done = False  # the upstream said [DONE]
        self._keep_usage = keep_usage
        self._carry = bytearray()  # the beginning of an event

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not yet whole."""
        return bytes(self._carry)

    def feed(self, chunk: bytes) -> bytes:
        """The bytes to pass on now: every event completed by `chunk`. Raises MeteringError."""
        if self._carry:
            seen = max(0, len(self._carry) - _LONGEST_END + 1)  # what was searched before
            self._carry += chunk
            end = _last_event_end(self._carry, seen)
            chunk = bytes(self._carry[:end])
            del self._carry[:end]
        elif not chunk.endswith(b"\n\n"):
            end = _last_event_end(chunk, 0)
            self._carry += chunk[end:]
            chunk = chunk[:end]
        if len(self._carry) > MOST_EVENT_BYTES:
            raise MeteringError("an event of the stream is longer than 16 MB")
        return self._pass(chunk) if chunk else b""

    def _pass(self, events: bytes) -> bytes:
        kept = None  # a list once an event has to be left out
        start = 0
        length = len(events)
        plain = b"\r" not in events
        while start < length:
            end = events.find(b"\n\n", start) + 2 if plain else _event_end(events, start)
            passes = self._read(events, start, end)
            if self.reading.error is not None:
                self.done = True  # what a vendor says of a failure is no part of the answer, nor is what follows it
                return events[:start] if kept is None else b"".join(kept)
            if passes:
                if kept is not None:
                    kept.append(events[start:end])
            elif kept is None:
                kept = [events[:start]]
            start = end
        return events if kept is None else b"".join(kept)

    def _read(self, events: bytes, start: int, end: int) -> bool:
        """Takes in one event; False if it must not be passed on."""
        data = _data(events, start, end)
        if data is None:
            return True
        if data == b"[DONE]":
            self.done = True
            return self.reading.complete
        event = decode(data)
        if event is None:
            return True
        self.reading.add(event)
        return self._keep_usage or event.usage is None or bool(event.choices) or event.choices is None


def _last_event_end(chunk: bytes | bytearray, start: int) -> int:
    """Where the last whole event of `chunk` ends that does not end before `start`; 0 if none does."""
    newline = chunk.rfind(b"\n\n", start)
    end = newline + 2 if newline != -1 else 0
    newline = chunk.rfind(b"\r\n\r\n", start)
    return max(end, newline + len(b"\r\n\r\n")) if newline != -1 else end


def _event_end(events: bytes, start: int) -> int:
    """Where the event that begins at `start` ends; `events` holds whole events only."""
    end = events.find(b"\n\n", start)
    other = events.find(b"\r\n\r\n", start)
    if other != -1 and (end == -1 or other < end):
        return other + 4
    return end + 2


def _data(events: bytes, start: int, end: int) -> bytes | None:
    """The data of one event; None for a comment."""
    if events.startswith(b"data: ", start) and events.find(b"\n", start, end) >= end - 3:
        return events[start + 6 : end].rstrip()
    lines = [line[5:].strip() for line in events[start:end].splitlines() if line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None
