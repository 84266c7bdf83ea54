"""One try at one endpoint under way: what was read of it, what it is so far, and what is recorded of it."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic, time

from gateway.catalog.facts import Endpoint
from gateway.dispatch.breaker import Turn
from gateway.dispatch.failure_log import FAILURES
from gateway.dispatch.parameters import tuned
from gateway.dispatch.stopping import Running, Stop
from gateway.errors import GatewayError
from gateway.interfaces import INTERFACES
from gateway.outcome.beyond_text import SoundMeter
from gateway.outcome.bill import Bill, bill
from gateway.outcome.meter import MeteringError, StreamMeter, WholeMeter
from gateway.outcome.outcome import Attempt, Result
from gateway.outcome.request_state import RequestState
from gateway.outcome.result import Judge, result_of
from gateway.policy.permit import Permit
from gateway.request import Request
from gateway.upstreams.failures import OURS, Failure, of_fault, of_reading, succeeded
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1 import Reply as UpstreamReply
from gateway.upstreams.redaction import GONE, Redactor
from gateway.upstreams.stored_ids import SealedReply
from gateway.upstreams.translate.passing import WayBack

USUAL_FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter"})
PATIENCE_S = 1.0  # with a usage that comes after the finish; the caller never waits for it
_FINISH = re.compile(r"[A-Za-z][\w.\-]{0,39}")
_TYPE = re.compile(rb"[\w.+-]{1,40}/[\w.+-]{1,60}(; ?[\w-]{1,20}=[\w.-]{1,40})?")
KEY_REST_S = 60.0  # of a key that was refused, where the endpoint has others
ALL_ITS_TIME = 0.9  # of the time that the policy gives an endpoint


@dataclass(slots=True, eq=False)
class ActiveAttempt:
    """An attempt under way. Its upstream reply is closed by `close`, whatever happened."""

    permit: Permit
    trail: RequestState
    judge: Judge | None
    started: float  # monotonic seconds
    meter: StreamMeter | WholeMeter | SoundMeter
    turn: Turn  # at the endpoint's breaker
    redactor: Redactor
    secret: bytes | None  # our key at the endpoint
    adds_usage: bool  # the caller did not ask for the usage of the stream
    running: Running  # it is among these from `begin` to `close`
    request: Request  # in the wire of the endpoint
    adapted: tuple[str, ...] = ()  # names of what was put in another form for that
    replica: int = 0  # of the endpoint, by number
    sent: bool = False  # the request is on its way, as far as we know
    upstream: UpstreamReply | None = None
    status: int | None = None
    opening: bytes = b""
    first_byte_s: float | None = None
    back: WayBack | SealedReply | None = None  # into the caller's dialect
    told: bool = True  # the opening was held to be judged; otherwise only the whole text is
    counted: bytes = b""  # the last of what was handed on that numbers its events
    ended: bool = False  # the upstream's reply came to its end
    committed: bool = False  # the caller has a part of it, or is about to
    stop: Stop = field(default_factory=Stop)
    waits_since: float | None = None  # monotonic seconds: the opening was read, and nothing has been since
    _judged: tuple[tuple[bool, int], Result] | None = None  # the last verdict, and how much had been read then

    @property
    def endpoint(self) -> Endpoint:
        return self.permit.endpoint

    @property
    def verdict(self) -> Result:
        """The outcome of what has been read so far. Judging a text is dear: the same text is judged once."""
        read = (self.ended, self.meter.reading.events)
        if self._judged is None or self._judged[0] != read:
            request = self.trail.request
            verdict = result_of(
                self.meter.reading,
                ended=self.ended,
                limited=tuned(self.trail, self.endpoint).request.max_tokens is not None,
                choices=request.choices,
                judge=self.judge if self.told or self.ended else None,
                may_be_empty=INTERFACES[request.kind].may_be_empty,
            )
            if self.ended and self._lacks_end and verdict in ("answered", "blank"):
                verdict = "truncated"
            self._judged = (read, verdict)
        return self._judged[1]

    @property
    def complete(self) -> bool:
        """The caller has the whole answer, or is about to: a translated stream ends as a success where its wire did."""
        return self.meter.reading.complete and not self._lacks_end

    @property
    def _lacks_end(self) -> bool:
        return self.back is not None and isinstance(self.meter, StreamMeter) and not self.meter.ends_well

    def begin(self) -> None:
        """From here on a freeze can end it."""
        self.running.attempts.add(self)

    def leaves(self) -> None:
        """The request is about to be written."""
        self.sent = True

    def failure(self) -> Failure | None:
        """By which the vendor says, inside a 200, that it failed or that its filter said no; or it says nothing."""
        if self.meter.garbled:
            return of_fault(UpstreamFault("protocol", "an event of the stream is not JSON"))
        rows = self.trail.decision.policy.catalog.moderation
        found = of_reading(rows, self.endpoint.operator.id, self.meter.reading, ended=self.ended)
        return self.redactor.cleaned(found)

    @property
    def owes_usage(self) -> bool:
        """Everything was said, and how many tokens it took may still come."""
        reading, upstream = self.meter.reading, self.upstream
        if upstream is None or not self.trail.request.stream or reading.usage is not None or not reading.finished:
            return False
        return reading.over and not (upstream.failed or (upstream.complete and not upstream.held))

    def feed(self, chunk: bytes) -> bytes:
        """What of a reply may be handed on: never our own key as it is. b"": it is over. Raises MeteringError."""
        return self._returned(self.meter.feed(chunk) if chunk else self.meter.end())

    def _returned(self, out: bytes) -> bytes:
        """In the caller's dialect. Raises MeteringError for what has no place in it."""
        out = self._clean(out)
        if self.back is not None and out:
            try:
                out = self.back.feed(out)
            except ValueError as wrong:
                raise MeteringError(str(wrong)) from None
        counts = self.trail.request.interface.dialect.counts
        if counts and counts in out:
            self.counted = out
        return out

    @property
    def content_type(self) -> bytes | None:
        """As the upstream says, where the interface has replies of several types; None: the usual one."""
        interface = self.trail.request.interface
        if self.upstream is None or not (interface.spoken or interface.plain):
            return None
        said = next((value for name, value in self.upstream.headers if name == b"content-type"), b"")
        return said if _TYPE.fullmatch(said) else None

    def closing(self) -> bytes:
        """What a complete stream still owes its caller, whose dialect has an end of its own."""
        return self.back.end() if self.back is not None else b""

    def breaking(self, error: GatewayError) -> bytes:
        """The end of a stream that broke off, as its caller's dialect has it."""
        told = self.back.fail(error) if self.back is not None else None
        return self.trail.request.interface.dialect.error_event(error, self.counted) if told is None else told

    def _clean(self, out: bytes) -> bytes:
        if self.secret is not None and self.secret in out:
            return out.replace(self.secret, GONE.encode())
        return out

    def resume(self) -> bytes:
        """What of a reply had come beyond its opening."""
        out = self._returned(self.meter.resume())
        self.ended = self.ended or self.meter.done
        return out

    def close(self) -> None:
        """Nothing more is wanted: an upstream that still writes is cut off, so the model stops."""
        self.running.attempts.discard(self)
        if self.upstream is not None:
            self.upstream.close()
        self.trail.heard_at = monotonic()

    def charge(self, *, left: bool = False) -> Bill:
        """What came so far, and its price if it ends here. `left`: because the caller went away, or a freeze came."""
        trail = self.trail
        arrival = trail.request.arrival
        return bill(
            self.endpoint,
            self.meter.reading,
            prompt_tokens=trail.prompt_tokens,
            reached=succeeded(self.status) or (left and self.sent),
            at=arrival.received_at + monotonic() - arrival.started,
            units=self.request.units if self.request.interface.units is not None else None,
        )

    def record(self, result: Result, failure: Failure | None = None) -> Attempt:
        """Adds the attempt to the trail, billed for what came, and tells its breaker how it went."""
        self._tell(result, failure)
        ended = self.waits_since or monotonic()  # waiting for others is no time of its own
        charge = self.charge(left=result == "left" or self.stop.why is not None)
        upstream, reading = self.upstream, self.meter.reading
        attempt = Attempt(
            endpoint=self.endpoint,
            purpose=self.permit.purpose,
            outcome=result,
            failure=failure.kind if failure is not None else None,
            status=self.status,
            usage=charge.usage,
            cost_usd=charge.cost_usd,
            price_since=charge.price_since,
            finish_reason=self._finish_reason(),
            started=self.started,
            first_byte_s=self.first_byte_s,
            total_s=ended - self.started,
            peer=upstream.peer if upstream is not None else None,
            certificate=upstream.certificate if upstream is not None else None,
            adapted=self.adapted,
        )
        self.trail.attempts.append(attempt)
        self.trail.ordinary = reading.ordinary
        if self.turn.seat is not None and charge.usage.output_tokens:
            self.turn.seat.used(charge.usage.output_tokens, time())
        if self.trail.decision.policy.judge is not None:
            self.trail.replies.append((attempt, reading))
        return attempt

    def _finish_reason(self) -> str | None:
        """A vendor's word for the books, never a sentence of its: that may repeat the prompt, the answer or a key."""
        reason = self.meter.reading.finish_reason
        if reason is None or reason in USUAL_FINISHES:
            return reason
        word = self.redactor.clean(reason.partition(":")[0].strip())
        return word if _FINISH.fullmatch(word) else "other"

    def _tell(self, result: Result, failure: Failure | None) -> None:
        now, turn = monotonic(), self.turn
        if failure is not None:
            FAILURES.failed(self.endpoint.id, failure, now)
        elif result != "left":
            FAILURES.answered(self.endpoint.id)
        if failure is not None and failure.kind in OURS and len(self.endpoint.replicas) > 1:
            turn.put_off(now, KEY_REST_S)
        elif failure is not None and failure.retry_after_s is not None:
            turn.put_off(now, failure.retry_after_s, limited=failure.kind == "rate_limited")
        elif failure is not None:
            blamed = failure.counts_against_endpoint and not self._out_of_our_time(failure, now)
            turn.failed(now) if blamed else turn.released()
        elif result == "left":
            turn.released()
        elif result == "truncated" and not self.complete:
            turn.failed(now)
        else:
            turn.succeeded()

    def _out_of_our_time(self, failure: Failure, now: float) -> bool:
        """The request's time was over, not the endpoint's: others had used it up, or the reply was long or read slowly.

        An endpoint of which nothing came although it had its time is to blame.
        """
        trail, limits = self.trail, self.trail.decision.limits_at(self.endpoint)
        if failure.kind != "timeout" or now < trail.deadline:
            return False
        patience = min(limits.first_byte_s if trail.request.stream else limits.whole_s, limits.total_s)
        return self.first_byte_s is not None or now - self.started < ALL_ITS_TIME * patience


def leave(attempt: ActiveAttempt, result: Result, failure: Failure | None = None) -> None:
    """Records an attempt of which nothing more is wanted; if its usage may still come, that is added when it has."""
    with suppress(MeteringError):
        attempt.resume()  # it may have come already
    if not attempt.owes_usage:
        attempt.close()
        attempt.record(result, failure)
        return
    recorded = attempt.record(result, failure)
    attempt.trail.late.append(asyncio.get_running_loop().create_task(_amend(attempt, recorded)))


async def read_on(attempt: ActiveAttempt) -> None:
    """Until the usage is there, for PATIENCE_S at most."""
    until, upstream = monotonic() + PATIENCE_S, attempt.upstream
    assert upstream is not None
    try:
        while attempt.owes_usage and (chunk := await upstream.next_by(until)) is not None:
            attempt.feed(chunk)
    except (UpstreamFault, MeteringError):
        return


async def _amend(attempt: ActiveAttempt, recorded: Attempt) -> None:
    try:
        await read_on(attempt)
    finally:
        attempt.close()
        charge, attempts = attempt.charge(), attempt.trail.attempts
        if recorded in attempts:
            attempts[attempts.index(recorded)] = replace(
                recorded, usage=charge.usage, cost_usd=charge.cost_usd, price_since=charge.price_since
            )
