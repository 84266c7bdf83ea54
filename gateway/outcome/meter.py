"""Reads a reply as it passes. Look, don't touch: only what is not for the caller is taken out again.

That is the usage event that we asked for, a vendor's error event (ours follows), and the `[DONE]` of a reply that is
not complete. A reply in the other form than was asked for, whole or streamed, is put into the right one.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.outcome.event_stream import LONGEST_END, data_of, is_stray, last_end, next_end
from gateway.outcome.reading import Reading
from gateway.outcome.reshape import Gathering, events_of
from gateway.outcome.watch import Watch
from gateway.outcome.wire import BOM, complains, decode, document_of
from gateway.outcome.wire_reader import WireReader

MOST_EVENT_BYTES = 16_000_000
MOST_ERROR_CHARS = 2_000
_NOTHING = Watch()


class MeteringError(Exception):
    """The upstream's bytes cannot be a reply: an event without an end, for instance."""


class WholeMeter:
    """A whole reply: a stream of one chunk."""

    __slots__ = ("_watch", "_wire", "done", "reading")

    stray = False
    garbled = False

    def __init__(self, watch: Watch = _NOTHING, wire: WireReader | None = None) -> None:
        """`wire`: None for Chat's."""
        self._watch = watch
        self._wire = wire
        self.reading = Reading(watch)
        self.done = False

    def feed(self, body: bytes) -> bytes:
        """Reads the body; passes it on untouched, unless it is a stream, which is gathered to a whole reply."""
        self.done = True
        if self._wire is not None:
            found = self._wire.decode(body)
            if found is not None:
                self.reading.add(found)
            return body
        event = decode(body)
        if event is not None:
            self.reading.add(event, body)
        elif _is_stream(body):
            return self._gathered(body)
        return body

    def end(self) -> bytes:
        """The upstream's body is over."""
        return b""

    def resume(self) -> bytes:
        """Nothing of a whole reply waits."""
        return b""

    def _gathered(self, body: bytes) -> bytes:
        stream = StreamMeter(keep_usage=True, watch=self._watch)
        stream.gathering = Gathering()
        stream.feed(body)
        stream.end()
        self.reading = stream.reading
        return stream.gathering.reply()


class StreamMeter:
    """Server-sent events. Passes on whole events only, so that an error event can follow at any time."""

    __slots__ = (
        "_begun",
        "_carry",
        "_keep_usage",
        "_plain",
        "_waiting",
        "_wire",
        "done",
        "enough",
        "garbled",
        "gathering",
        "reading",
        "stray",
    )

    def __init__(self, *, keep_usage: bool, watch: Watch = _NOTHING, wire: WireReader | None = None) -> None:
        """`wire`: None for Chat's."""
        self._wire = wire
        self.reading = Reading(watch)
        self.done = False  # the upstream said [DONE], or that it failed
        self.stray = False  # something came that is no event
        self.garbled = False  # the data of an event is no JSON
        self.gathering: Gathering | None = None  # what collects the events, where a whole reply was asked for
        self.enough: Callable[[], bool] | None = None  # asked after each event: the rest waits for `resume`
        self._waiting = b""  # whole events that came after enough had come
        self._keep_usage = keep_usage
        self._carry = bytearray()  # the beginning of an event
        self._begun = False  # more than white space came
        self._plain = False  # it is a JSON document, no stream

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not yet whole."""
        return bytes(self._carry)

    @property
    def ends_well(self) -> bool:
        """The wire's own end came; Chat's is the finish reason, which the reading knows."""
        return self._wire is None or self._wire.over

    def feed(self, chunk: bytes) -> bytes:
        """The bytes to pass on now: every event completed by `chunk`. Raises MeteringError."""
        if self._waiting:
            return self.resume() + self.feed(chunk)
        if not self._begun:
            chunk = self._begin(chunk)
        if self._plain:
            self._carry += chunk
            chunk = b""
        elif self._carry:
            seen = max(0, len(self._carry) - LONGEST_END + 1)  # what was searched before
            self._carry += chunk
            end = last_end(self._carry, seen)
            chunk = bytes(self._carry[:end])
            del self._carry[:end]
        elif not chunk.endswith(b"\n\n"):
            end = last_end(chunk, 0)
            self._carry += chunk[end:]
            chunk = chunk[:end]
        if len(self._carry) > MOST_EVENT_BYTES:
            raise MeteringError("an event of the stream is longer than 16 MB")
        return self._pass(chunk) if chunk else b""

    def resume(self) -> bytes:
        """The bytes to pass on of what came after enough had come; nothing is held back any more."""
        self.enough, waiting, self._waiting = None, self._waiting, b""
        return self._pass(waiting) if waiting else b""

    def end(self) -> bytes:
        """The upstream's body is over: the bytes to pass on of a last event without an end, or of a whole reply."""
        rest = bytes(self._carry)
        if self._plain:
            return self._converted(rest)
        if not rest.strip() or self.done:
            return b""
        data, error = data_of(rest + b"\n\n", 0, len(rest) + 2)
        if data is None:
            self._read_other(rest)
            return b""
        if not error and data != b"[DONE]" and decode(data) is None:
            return b""  # cut in the middle
        self._carry.clear()
        return self._pass(rest.rstrip(b"\r\n") + b"\n\n")

    def _begin(self, chunk: bytes) -> bytes:
        """Takes off a byte order mark, and sees whether this is a stream at all."""
        if self._carry and not BOM.startswith(self._carry):  # white space, which is not looked at again
            self._begun, self._plain = _beginning(chunk)
            return chunk
        start = bytes(self._carry) + chunk
        self._carry.clear()
        if BOM.startswith(start[:3]) and len(start) < len(BOM):
            self._carry += start
            return b""
        start = start.removeprefix(BOM)
        self._begun, self._plain = _beginning(start)
        return start

    def _converted(self, body: bytes) -> bytes:
        self._carry.clear()
        if self._wire is not None:
            return self._refused(body)
        event = decode(body)
        if event is None:
            self.stray = True
            self._carry += body
            return b""
        self.reading.add(event, body)
        self.done = True
        document = document_of(body)
        if self.reading.complaint is not None or not isinstance(document, dict) or not event.choices:
            return b""
        return events_of(document, usage=self._keep_usage, done=self.reading.complete and not self.reading.broken)

    def _pass(self, events: bytes) -> bytes:
        kept = None  # a list once an event has to be left out
        start = 0
        length = len(events)
        plain = b"\r" not in events
        while start < length:
            newlines = events.find(b"\n\n", start) if plain else -1
            end = newlines + 2 if newlines != -1 else next_end(events, start)
            if self._read(events, start, end):
                if self._wire is not None and self._wire.owed:
                    kept = [events[:start]] if kept is None else kept
                    kept.append(self._wire.owed)
                    self._wire.owed = b""
                if kept is not None:
                    kept.append(events[start:end])
            elif kept is None:
                kept = [events[:start]]
            start = end
            if self.enough is not None and start < length and self.enough():
                self._waiting, events = events[start:], events[:start]
                break
        return events if kept is None else b"".join(kept)

    def _read(self, events: bytes, start: int, end: int) -> bool:
        """Takes in one event; False if it must not be passed on."""
        data, error = data_of(events, start, end)
        if data is None:
            return self._read_other(events[start:end])
        if data == b"[DONE]":
            passes = not self.done and self.reading.complete and not self.reading.broken
            self.done = True
            return passes
        if error:
            return self._fail(data)
        if self._wire is not None:
            return self._read_wire(self._wire, data)
        event = decode(data)
        if event is None:
            return self._pass_unread(data, broken=True)
        passes = not self.done
        self.reading.add(event, data)
        if self.gathering is not None:
            self.gathering.add(document_of(data))
        if self.reading.complaint is not None:
            self.done = True
            return False
        return passes and (self._keep_usage or event.usage is None or bool(event.choices) or event.choices is None)

    def _read_wire(self, wire: WireReader, data: bytes) -> bool:
        """An event of another wire: its own end passes only behind a reply that is complete."""
        event = wire.decode(data)
        if event is None or self.done:
            return self._pass_unread(data, broken=event is None and data[:1] in (b"{", b"["))
        self.reading.add(event)
        if self.reading.complaint is not None:
            self.done = True
            return False
        self.done = wire.over
        return not self.done or (self.reading.complete and not self.reading.broken)

    def _pass_unread(self, data: bytes, *, broken: bool) -> bool:
        """An event that says nothing to us. One that no SDK could read ends the reply: text may be missing."""
        if broken and data not in (b"", b"null") and not self.done and document_of(data) is None:
            self.garbled = self.done = True
        return not self.done

    def _refused(self, body: bytes) -> bytes:
        """A document in place of another wire's stream: an error, or nothing that we know."""
        document = document_of(body)
        if complains(document):
            self._fail(body)
        else:
            self.stray = True
            self._carry += body
        return b""

    def _read_other(self, block: bytes) -> bool:
        """A comment, or what is no event at all: an error that was written into the stream as it was, say."""
        if not is_stray(block, 0, len(block)):
            return not self.done
        self.stray = True
        document = document_of(block)
        if complains(document):
            return self._fail(block)
        return not self.done

    def _fail(self, data: bytes) -> bool:
        """An event that says that it is an error, in whatever form."""
        document = document_of(data)
        if not isinstance(document, dict):
            document = {"error": {"message": data.decode(errors="replace")[:MOST_ERROR_CHARS]}}
        self.reading.complain(document)
        self.done = True
        return False


def _beginning(start: bytes) -> tuple[bool, bool]:
    """Whether more than white space is there, and whether it begins a JSON document."""
    first = start.lstrip()[:1]
    return bool(first), first in (b"{", b"[")


def _is_stream(body: bytes) -> bool:
    """Whether this is a stream of events where a whole reply was asked for."""
    start = body.removeprefix(BOM).lstrip()[:64]
    return start.startswith((b"data:", b":", b"event:", b"id:", b"retry:"))
