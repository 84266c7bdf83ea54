"""What the caller gets, whole or streamed. Whoever writes it out calls `end` once, however the writing went."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from gateway.catalog.facts import Endpoint
from gateway.dispatch.attempt import Try
from gateway.errors import GatewayError
from gateway.outcome.meter import MeteringError
from gateway.upstreams.failures import Failure, of_fault
from gateway.upstreams.fault import UpstreamFault

ErrorEvent = Callable[
    [str, GatewayError], bytes
]  # (kind of request, error): how the caller's dialect writes a broken stream's last event


class Reply:
    """A whole reply: a stream that has nothing after its opening."""

    content_type = b"application/json"
    stream = False

    def __init__(self, status: int, opening: bytes, *, endpoint: Endpoint):
        self.status = status
        self.opening = opening
        self.endpoint = endpoint

    def end(self) -> None:
        """The reply is out, or the caller left."""


class StreamedReply(Reply):
    """A committed stream: from its first byte on it is never replaced."""

    content_type = b"text/event-stream; charset=utf-8"
    stream = True

    def __init__(self, attempt: Try, error_event: ErrorEvent):
        super().__init__(200, attempt.opening, endpoint=attempt.endpoint)
        self._attempt = attempt
        self._error_event = error_event
        self._broken: Failure | None = None
        self._recorded = False

    async def rest(self) -> AsyncIterator[bytes]:
        """What follows the opening. Ends with an error event if the reply breaks or is not complete."""
        attempt = self._attempt
        upstream = attempt.upstream
        assert upstream is not None
        try:
            while not attempt.ended:
                chunk = await upstream.next()
                out = attempt.meter.feed(chunk) if chunk else b""
                attempt.ended = not chunk or attempt.meter.done
                if out:
                    yield out
        except UpstreamFault as fault:
            self._broken = of_fault(fault)
        except MeteringError as error:
            self._broken = of_fault(UpstreamFault("protocol", str(error)))
        attempt.ended = True
        if self._broken or not attempt.meter.reading.complete:
            yield self._error_event(attempt.trail.request.kind, self._break())

    def end(self) -> None:
        """Closes the upstream and records the attempt; `left` unless the upstream's reply came to its end."""
        if self._recorded:
            return
        self._recorded = True
        self._attempt.close()
        if self._broken is not None:
            self._attempt.record("failed", failure=self._broken.kind)
        elif self._attempt.ended:
            self._attempt.record(self._attempt.verdict)
        else:
            self._attempt.record("left")

    def _break(self) -> GatewayError:
        endpoint = self.endpoint.id
        if self._broken is not None and self._broken.kind == "timeout":
            return GatewayError("upstream_timeout", f"{endpoint}: {self._broken.detail}")
        why = self._broken.detail if self._broken else "the reply stopped without a finish reason"
        return GatewayError("upstreams_exhausted", f"the reply of {endpoint} broke off: {why}")
