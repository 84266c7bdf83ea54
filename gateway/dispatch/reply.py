"""What the caller gets, whole or streamed. Whoever writes it out calls `end` once, however the writing went."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import Protocol

from gateway.catalog.facts import Endpoint
from gateway.dispatch.attempt import ActiveAttempt, read_on
from gateway.errors import GatewayError
from gateway.outcome.meter import MeteringError
from gateway.upstreams.failures import Failure, of_fault
from gateway.upstreams.fault import UpstreamFault

_CODES = {"rate_limited": "rate_limit_exceeded", "overloaded": "overloaded"}  # of failures in the middle of a stream


class Sink(Protocol):
    """Where a stream goes: the caller's connection."""

    def write(self, chunk: bytes) -> bool:
        """False: the caller reads too slowly; wait for `room`."""

    async def room(self, by_s: float) -> bool:
        """True when the caller has read enough; False if that takes longer than `by_s` seconds."""


class Reply:
    """A whole reply: a stream that has nothing after its opening."""

    usual_type = b"application/json"
    stream = False

    def __init__(self, status: int, opening: bytes, *, endpoint: Endpoint, content_type: bytes | None = None):
        self.content_type = content_type or self.usual_type
        self.status = status
        self.opening = opening
        self.endpoint = endpoint

    async def pour(self, sink: Sink) -> bool:
        """What follows the opening; nothing does. See StreamedReply."""
        return True

    def end(self) -> None:
        """The reply is out, or the caller left."""

    async def catch_up(self) -> None:
        """For what may still be told of a reply that the caller has: the usage. About a second at most."""


class ReplayedStream(Reply):
    """A stream that was kept: all of it is its opening."""

    usual_type = b"text/event-stream; charset=utf-8"
    stream = True


class StreamedReply(Reply):
    """A committed stream: from its first byte on it is never replaced."""

    usual_type = b"text/event-stream; charset=utf-8"
    stream = True

    def __init__(self, attempt: ActiveAttempt):
        kind = attempt.content_type if not attempt.request.as_events else None
        rest, broken = b"", None
        try:
            rest = attempt.resume()
        except MeteringError as error:
            broken = of_fault(UpstreamFault("protocol", str(error)))
        super().__init__(200, attempt.opening + rest, endpoint=attempt.endpoint, content_type=kind)
        self._attempt = attempt
        self._broken: Failure | None = broken
        self._recorded = False

    async def pour(self, sink: Sink) -> bool:
        """What follows the opening. Ends with an error event if the reply breaks or is not complete.

        False: the caller is to be cut off. It did not read before the request's time was up, and counts as one who
        left; or sound broke off, in which nothing can be told.
        """
        attempt, upstream = self._attempt, self._attempt.upstream
        assert upstream is not None
        if not attempt.ended:
            attempt.waits_since = None
        try:
            with attempt.stop.heard():
                while not attempt.ended and self._broken is None:
                    if await upstream.pour(partial(self._pass, sink)):
                        attempt.ended = True
                        if rest := attempt.feed(b""):
                            sink.write(rest)
                    elif not attempt.ended and not await sink.room(attempt.trail.deadline - monotonic()):
                        return False
        except UpstreamFault as fault:
            if not attempt.complete:  # else the caller has the whole answer: a figure is missing, no more
                self._broken = of_fault(fault)
        return self._close(sink)

    def _close(self, sink: Sink) -> bool:
        """Writes the end; False if there is none to write."""
        attempt = self._attempt
        attempt.ended = True
        self._broken = self._broken or attempt.failure()
        if self._broken is not None or not attempt.complete:
            if not attempt.request.as_events:
                return False
            sink.write(attempt.breaking(self._break()))
        elif rest := attempt.closing():
            sink.write(rest)
        return True

    async def catch_up(self) -> None:
        attempt = self._attempt
        if attempt.owes_usage:
            attempt.waits_since = monotonic()  # that is no time of the reply
            await read_on(attempt)
        await attempt.trail.catch_up()

    def _pass(self, sink: Sink, chunk: bytes) -> bool:
        """Called as the bytes come. False: enough for now, or for good."""
        attempt, meter = self._attempt, self._attempt.meter
        try:
            out = attempt.feed(chunk)
        except MeteringError as error:
            self._broken = of_fault(UpstreamFault("protocol", str(error)))
            return False
        roomy = not out or sink.write(out)
        if meter.done:
            attempt.ended = True
        return roomy and not meter.done

    def end(self) -> None:
        """Closes the upstream and records the attempt; `left` unless it was told all there was to tell."""
        if self._recorded:
            return
        self._recorded = True
        attempt = self._attempt
        attempt.close()
        broken = self._broken or attempt.failure()
        if broken is not None:
            attempt.record(broken.outcome, broken)
        elif attempt.ended or attempt.complete:
            attempt.ended = True
            attempt.record(attempt.verdict)
        else:
            attempt.record("left")

    def _break(self) -> GatewayError:
        endpoint, broken = self.endpoint.id, self._broken
        if broken is not None and broken.kind == "stopped":
            return GatewayError("frozen", broken.detail)
        if broken is not None and broken.kind == "timeout":
            return GatewayError("upstream_timeout", f"{endpoint}: {broken.detail}")
        if broken is not None and broken.outcome == "filtered":
            return GatewayError("content_filtered", f"{endpoint}: {broken.detail}")
        why = broken.detail + broken.words if broken else "the reply stopped without a finish reason"
        code = _CODES.get(broken.kind, "upstreams_exhausted") if broken else "upstreams_exhausted"
        return GatewayError(code, f"the reply of {endpoint} broke off: {why}")
