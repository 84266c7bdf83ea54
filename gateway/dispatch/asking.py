"""Asks one endpoint and reads the opening of its reply."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from math import inf
from time import monotonic

from gateway.catalog.facts import Endpoint
from gateway.dispatch.attempt import ActiveAttempt, leave
from gateway.dispatch.breaker import Turn
from gateway.dispatch.ceilings import Seat
from gateway.dispatch.hold import Hold
from gateway.dispatch.stopping import Running
from gateway.dispatch.translation import Outgoing
from gateway.outcome.beyond_text import BeyondText, SoundMeter
from gateway.outcome.meter import MeteringError, StreamMeter, WholeMeter
from gateway.outcome.request_state import RequestState
from gateway.outcome.result import Judge
from gateway.outcome.watch import watch_for
from gateway.outcome.wire_reader import READERS, WireReader
from gateway.policy.permit import Permit
from gateway.request import Request
from gateway.upstreams.additions import named_in
from gateway.upstreams.failures import Failure, classify, of_fault, succeeded
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.fleet import Fleet, blame
from gateway.upstreams.http1 import Reply as UpstreamReply
from gateway.upstreams.http1 import read_most
from gateway.upstreams.translate.passing import WayBack

Meter = StreamMeter | WholeMeter | SoundMeter
ERROR_BODY_BYTES = 65_536
ERROR_BODY_S = 5.0  # to read why an endpoint says no; its status alone says enough
WHOLE_BODY_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """What one endpoint is asked, and that it may be."""

    permit: Permit
    out: Outgoing
    replica: int = 0  # of the endpoint: which of its addresses and keys
    seat: Seat | None = None  # at an endpoint with ceilings


async def ask(
    question: Question,
    trail: RequestState,
    fleet: Fleet,
    turn: Turn,
    *,
    hold: Hold,
    judge: Judge | None,
    running: Running,
) -> ActiveAttempt | Failure:
    """Asks the permit's endpoint and reads the opening. A failure is recorded; a caller who leaves is billed."""
    request = question.out.request
    told = hold.tells or not request.stream
    attempt = _attempt(question, trail, fleet, turn, told=told, judge=judge, running=running)
    attempt.begin()
    trail.asked_at = trail.asked_at or attempt.started
    try:
        with attempt.stop.heard():
            failure = await _open(attempt, fleet, hold)
            if request.stream and not attempt.adds_usage and fleet.usage_option.refused:
                _learn(fleet, attempt.endpoint, failure)
            if trail.measuring is not None and (failure is not None or attempt.verdict != "answered"):
                await trail.measuring()  # by its topic a refusal may stand
                trail.measuring = None
    except UpstreamFault as fault:
        failure = of_fault(blame(attempt.endpoint, fault))
    except MeteringError as error:
        failure = attempt.failure() or of_fault(UpstreamFault("protocol", str(error)))  # an error has no translation
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


def _meter(endpoint: Endpoint, trail: RequestState, request: Request, *, keep_usage: bool) -> Meter:
    if request.interface.spoken and not request.as_events:
        return SoundMeter()
    watch = watch_for(trail.decision.policy.catalog.moderation, endpoint.operator.id)
    wire: WireReader | None = None
    if request.interface.answer is not None or request.interface.spoken:
        wire = BeyondText(request.interface, request.units.images)
    elif (reader := READERS.get(endpoint.dialect)) is not None:
        wire = reader(request.model, trail.prompt_tokens)
    return StreamMeter(keep_usage=keep_usage, watch=watch, wire=wire) if request.stream else WholeMeter(watch, wire)


def _attempt(
    question: Question,
    trail: RequestState,
    fleet: Fleet,
    turn: Turn,
    *,
    told: bool,
    judge: Judge | None,
    running: Running,
) -> ActiveAttempt:
    permit, out = question.permit, question.out
    endpoint, back = permit.endpoint, out.way_back() if out.way_back is not None else None
    return ActiveAttempt(
        permit,
        trail,
        judge,
        monotonic(),
        _meter(endpoint, trail, out.request, keep_usage=out.request.include_usage or isinstance(back, WayBack)),
        turn,
        fleet.redactor,
        fleet.secret(endpoint, question.replica),
        fleet.adds_usage(endpoint, out.request),
        running,
        request=out.request,
        adapted=out.adapted,
        told=told,
        back=back,
        replica=question.replica,
    )


async def _open(attempt: ActiveAttempt, fleet: Fleet, hold: Hold) -> Failure | None:
    limits, stream = attempt.trail.decision.limits_at(attempt.endpoint), attempt.trail.request.stream
    deadline = min(attempt.trail.deadline, attempt.started + limits.total_s)
    left_s = deadline - monotonic()
    if left_s <= 0:
        raise UpstreamFault("timeout", "no time is left for this request")
    first_byte_s = min(limits.first_byte_s if stream else limits.whole_s, left_s)
    upstream = await fleet.send(
        attempt.permit,
        attempt.request,
        replica=attempt.replica,
        started=attempt.started,
        first_byte_s=first_byte_s,
        before_write=attempt.leaves,
    )
    attempt.upstream, attempt.status = upstream, upstream.status
    whole_by = attempt.started + limits.whole_s
    if stream or deadline <= whole_by:
        upstream.end_by(deadline, limits.total_s, idle_s=limits.idle_s if stream else inf)
    else:
        upstream.end_by(whole_by, limits.whole_s)
    if not succeeded(upstream.status):
        return await _why_not(attempt, upstream, fleet)
    if stream:
        await _read_opening(attempt, upstream, hold)
    else:
        await _read_whole(attempt, upstream)
    if attempt.ended and attempt.meter.stray and not attempt.meter.reading.events:
        raise UpstreamFault("protocol", "the reply is no stream of events")
    failure = attempt.failure()
    if failure is None and stream and not hold.keeps:
        failure = _broken_off(attempt)
    if failure is not None and attempt.adds_usage and named_in(repr(attempt.meter.reading.complaint).encode()):
        return _without_usage(fleet, attempt)
    return failure


def _broken_off(attempt: ActiveAttempt) -> Failure | None:
    """A stream that ended without a finish reason while nobody had a part of it: as good as a connection lost."""
    if attempt.ended and attempt.verdict == "truncated" and not attempt.complete:
        return of_fault(UpstreamFault("closed", "the reply stopped without a finish reason"))
    return None


async def _why_not(attempt: ActiveAttempt, upstream: UpstreamReply, fleet: Fleet) -> Failure:
    """What a status other than 2xx means; it alone has to tell where the body is too long, too late or cut."""
    rows, operator = attempt.trail.decision.policy.catalog.moderation, attempt.endpoint.operator.id
    body = await read_most(upstream, ERROR_BODY_BYTES, by=monotonic() + ERROR_BODY_S)
    if body is not None and attempt.adds_usage and named_in(body):
        return _without_usage(fleet, attempt)
    failure = classify(rows, operator, upstream.status, body or b"", upstream.headers)
    if body is None and failure.passes_through:
        return replace(failure, detail=f"the vendor answered {upstream.status}, and why could not be read")
    return attempt.redactor.cleaned(failure)


def _without_usage(fleet: Fleet, attempt: ActiveAttempt) -> Failure:
    """The vendor complains of the option that we added: it is asked once more without it, and so from now on."""
    fleet.usage_option.refuse(attempt.endpoint.index)
    words = "it does not take `stream_options`, and is asked without it"
    return Failure("unsupported", words, status=attempt.status, counts_against_endpoint=False, ask_again=True)


def _learn(fleet: Fleet, endpoint: Endpoint, failure: Failure | None) -> None:
    if failure is None or failure.final:
        fleet.usage_option.heard(endpoint.index, answered=failure is None)


async def _read_whole(attempt: ActiveAttempt, upstream: UpstreamReply) -> None:
    body = await upstream.read(WHOLE_BODY_BYTES)
    attempt.first_byte_s = monotonic() - attempt.started
    attempt.opening = attempt.feed(body)
    if not attempt.meter.reading.events:
        raise UpstreamFault("protocol", "the reply is not JSON")
    attempt.ended = True


async def _read_opening(attempt: ActiveAttempt, upstream: UpstreamReply, hold: Hold) -> None:
    """Reads until the opening can be judged."""
    reading = attempt.meter.reading
    held: list[bytes] = []
    held_bytes = 0
    if isinstance(attempt.meter, StreamMeter):  # however much comes at once
        if hold.rules is not None:
            attempt.meter.enough = lambda: not hold.more(reading, held_bytes=held_bytes, at=monotonic())
        elif hold.keeps:
            attempt.meter.enough = lambda: bool(reading.told or reading.thinks or reading.other_parts)
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
