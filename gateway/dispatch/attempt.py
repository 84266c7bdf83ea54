"""One try at one endpoint: ask, read the opening, say what it is. What is recorded of it is made here too."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from math import inf
from time import monotonic

from gateway.catalog.facts import Endpoint
from gateway.dispatch.breaker import Turn
from gateway.dispatch.hold import Hold
from gateway.outcome.bill import Bill, bill
from gateway.outcome.meter import MeteringError, StreamMeter, WholeMeter
from gateway.outcome.outcome import Attempt, Result
from gateway.outcome.result import Judge, result_of
from gateway.outcome.trail import Trail
from gateway.outcome.watch import watch_for
from gateway.policy.permit import Permit
from gateway.upstreams.failures import Failure, classify, of_fault, of_reading, succeeded
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Reply as UpstreamReply
from gateway.upstreams.http1 import read_most
from gateway.upstreams.redaction import GONE, Redactor

ERROR_BODY_BYTES = 65_536
ERROR_BODY_S = 5.0  # to read why an endpoint says no; its status alone says enough
WHOLE_BODY_BYTES = 64_000_000
USUAL_FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter"})
PATIENCE_S = 1.0  # with a usage that comes after the finish; the caller never waits for it
ALL_ITS_TIME = 0.9  # of the time that the policy gives an endpoint


@dataclass(slots=True)
class Try:
    """An attempt under way. Its upstream reply is closed by `close`, whatever happened."""

    permit: Permit
    trail: Trail
    judge: Judge | None
    started: float  # monotonic seconds
    meter: StreamMeter | WholeMeter
    turn: Turn  # at the endpoint's breaker
    redactor: Redactor
    secret: bytes | None  # our key at the endpoint
    sent: bool = False  # the request is on its way, as far as we know
    upstream: UpstreamReply | None = None
    status: int | None = None
    opening: bytes = b""
    first_byte_s: float | None = None
    told: bool = True  # the opening was held to be judged; otherwise only the whole text is
    ended: bool = False  # the upstream's reply came to its end
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
                limited=request.max_tokens is not None,
                choices=request.choices,
                judge=self.judge if self.told or self.ended else None,
            )
            self._judged = (read, verdict)
        return self._judged[1]

    def leaves(self) -> None:
        """The request is about to be written."""
        self.sent = True

    def failure(self) -> Failure | None:
        """By which the vendor says, inside a 200, that it failed or that its filter said no."""
        rows = self.trail.decision.policy.catalog.moderation
        found = of_reading(rows, self.endpoint.operator.id, self.meter.reading, ended=self.ended)
        return self.redactor.cleaned(found)

    @property
    def owes_usage(self) -> bool:
        """Everything was said, and how many tokens it took may still come."""
        reading, upstream = self.meter.reading, self.upstream
        if upstream is None or not self.trail.request.stream or reading.usage is not None or not reading.finished:
            return False
        return reading.complete and not (upstream.failed or (upstream.complete and not upstream.held))

    def feed(self, chunk: bytes) -> bytes:
        """What of a reply may be handed on: never our own key as it is. b"": it is over. Raises MeteringError."""
        out = self.meter.feed(chunk) if chunk else self.meter.end()
        if self.secret is not None and self.secret in out:
            return out.replace(self.secret, GONE.encode())
        return out

    def close(self) -> None:
        """Nothing more is wanted: an upstream that still writes is cut off, so the model stops."""
        if self.upstream is not None:
            self.upstream.close()
        self.trail.heard_at = monotonic()

    def charge(self, *, left: bool = False) -> Bill:
        """What came so far, and its price if it ends here. `left`: because the caller went away."""
        trail = self.trail
        arrival = trail.request.arrival
        return bill(
            self.endpoint,
            self.meter.reading,
            prompt_tokens=trail.prompt_tokens,
            reached=succeeded(self.status) or (left and self.sent),
            at=arrival.received_at + monotonic() - arrival.started,
        )

    def record(self, result: Result, failure: Failure | None = None) -> Attempt:
        """Adds the attempt to the trail, billed for what came, and tells its breaker how it went."""
        self._tell(result, failure)
        ended = self.waits_since or monotonic()  # waiting for others is no time of its own
        charge = self.charge(left=result == "left")
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
        )
        self.trail.attempts.append(attempt)
        if self.trail.sample is not None:
            self.trail.sample(attempt, reading.texts)
        return attempt

    def _finish_reason(self) -> str | None:
        reason = self.meter.reading.finish_reason
        return reason if reason is None or reason in USUAL_FINISHES else self.redactor.clean(reason)

    def _tell(self, result: Result, failure: Failure | None) -> None:
        now, turn = monotonic(), self.turn
        if failure is not None and failure.retry_after_s is not None:
            turn.put_off(now, failure.retry_after_s)
        elif failure is not None:
            blamed = failure.counts_against_endpoint and not self._out_of_our_time(failure, now)
            turn.failed(now) if blamed else turn.released()
        elif result == "left":
            turn.released()
        elif result == "truncated" and not self.meter.reading.complete:
            turn.failed(now)
        else:
            turn.succeeded()

    def _out_of_our_time(self, failure: Failure, now: float) -> bool:
        """The request's time was over, not the endpoint's: others had used it up, or the reply was long or read slowly.

        An endpoint of which nothing came although it had its time is to blame.
        """
        trail, limits = self.trail, self.trail.decision.route.limits
        if failure.kind != "timeout" or now < trail.deadline:
            return False
        patience = min(limits.first_byte_s if trail.request.stream else limits.whole_s, limits.total_s)
        return self.first_byte_s is not None or now - self.started < ALL_ITS_TIME * patience


async def ask(
    permit: Permit, trail: Trail, fleet: Fleet, turn: Turn, *, hold: Hold, judge: Judge | None
) -> Try | Failure:
    """Asks the permit's endpoint and reads the opening. A failure is recorded; a caller who leaves is billed."""
    request = trail.request
    watch = watch_for(trail.decision.policy.catalog.moderation, permit.endpoint.operator.id)
    meter = StreamMeter(keep_usage=request.include_usage, watch=watch) if request.stream else WholeMeter(watch)
    redactor, secret = fleet.redactor, fleet.secret(permit.endpoint)
    told = hold.tells or not request.stream
    attempt = Try(permit, trail, judge, monotonic(), meter, turn, redactor, secret, told=told)
    trail.asked_at = trail.asked_at or attempt.started
    try:
        failure = await _open(attempt, fleet, hold)
        if trail.measuring is not None and (failure is not None or attempt.verdict != "answered"):
            await trail.measuring()  # by its topic a refusal may stand
            trail.measuring = None
    except UpstreamFault as fault:
        failure = of_fault(fault)
    except MeteringError as error:
        failure = of_fault(UpstreamFault("protocol", str(error)))
    except asyncio.CancelledError:
        attempt.close()
        attempt.record("left")
        raise
    if failure is None:
        attempt.waits_since = monotonic()
        turn.began()
        return attempt
    leave(attempt, failure.outcome, failure)
    return failure


async def _open(attempt: Try, fleet: Fleet, hold: Hold) -> Failure | None:
    trail, decision, deadline = attempt.trail, attempt.trail.decision, attempt.trail.deadline
    limits, stream = decision.route.limits, attempt.trail.request.stream
    left_s = deadline - monotonic()
    if left_s <= 0:
        raise UpstreamFault("timeout", "no time is left for this request")
    first_byte_s = min(limits.first_byte_s if stream else limits.whole_s, left_s)
    upstream = await fleet.send(
        attempt.permit, trail.request, started=attempt.started, first_byte_s=first_byte_s, before_write=attempt.leaves
    )
    attempt.upstream, attempt.status = upstream, upstream.status
    whole_by = attempt.started + limits.whole_s
    if stream or deadline <= whole_by:
        upstream.end_by(deadline, limits.total_s, idle_s=limits.idle_s if stream else inf)
    else:
        upstream.end_by(whole_by, limits.whole_s)
    if not succeeded(upstream.status):
        operator = attempt.endpoint.operator.id
        body = await read_most(upstream, ERROR_BODY_BYTES, by=monotonic() + ERROR_BODY_S)
        rows = decision.policy.catalog.moderation
        return attempt.redactor.cleaned(classify(rows, operator, upstream.status, body, upstream.headers))
    if stream:
        await _read_opening(attempt, upstream, hold)
    else:
        await _read_whole(attempt, upstream)
    if attempt.ended and attempt.meter.stray and not attempt.meter.reading.events:
        raise UpstreamFault("protocol", "the reply is no stream of events")
    return attempt.failure()


async def _read_whole(attempt: Try, upstream: UpstreamReply) -> None:
    body = await upstream.read(WHOLE_BODY_BYTES)
    attempt.first_byte_s = monotonic() - attempt.started
    attempt.opening = attempt.feed(body)
    if not attempt.meter.reading.events:
        raise UpstreamFault("protocol", "the reply is not JSON")
    attempt.ended = True


async def _read_opening(attempt: Try, upstream: UpstreamReply, hold: Hold) -> None:
    """Reads until the opening can be judged."""
    reading = attempt.meter.reading
    held: list[bytes] = []
    held_bytes = 0
    while hold.more(reading, held_bytes=held_bytes, at=monotonic()):
        until = hold.until()
        chunk = await upstream.next() if until is None else await upstream.next_by(until)
        if chunk is None:
            break
        out = attempt.feed(chunk)
        if reading.events and attempt.first_byte_s is None:
            attempt.first_byte_s = monotonic() - attempt.started
        held.append(out)
        held_bytes += len(out)
        attempt.ended = not chunk or attempt.meter.done
        if attempt.ended:
            break
    attempt.opening = held[0] if len(held) == 1 else b"".join(held)


def leave(attempt: Try, result: Result, failure: Failure | None = None) -> None:
    """Records an attempt of which nothing more is wanted; if its usage may still come, that is added when it has."""
    if not attempt.owes_usage:
        attempt.close()
        attempt.record(result, failure)
        return
    recorded = attempt.record(result, failure)
    attempt.trail.late.append(asyncio.get_running_loop().create_task(_amend(attempt, recorded)))


async def read_on(attempt: Try) -> None:
    """Until the usage is there, for PATIENCE_S at most."""
    until, upstream = monotonic() + PATIENCE_S, attempt.upstream
    assert upstream is not None
    try:
        while attempt.owes_usage and (chunk := await upstream.next_by(until)) is not None:
            attempt.feed(chunk)
    except (UpstreamFault, MeteringError):
        return


async def _amend(attempt: Try, recorded: Attempt) -> None:
    try:
        await read_on(attempt)
    finally:
        attempt.close()
        charge, attempts = attempt.charge(), attempt.trail.attempts
        if recorded in attempts:
            attempts[attempts.index(recorded)] = replace(
                recorded, usage=charge.usage, cost_usd=charge.cost_usd, price_since=charge.price_since
            )
