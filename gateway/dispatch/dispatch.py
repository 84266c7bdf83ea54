"""The loop over endpoints, and the one commit point: an attempt may be replaced until its first byte is handed out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from secrets import token_bytes
from time import monotonic, time

from gateway.catalog.facts import Endpoint
from gateway.dispatch.affordable import affordable
from gateway.dispatch.asking import Question, ask
from gateway.dispatch.attempt import ActiveAttempt, leave
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.ceilings import Full, Loads
from gateway.dispatch.exhausted import Standing, exhausted, nothing_usable, too_full
from gateway.dispatch.hold import Hold
from gateway.dispatch.queue import Queue, hold_for
from gateway.dispatch.replicas import awake, breaker_name, choose, last_resorts
from gateway.dispatch.reply import Reply, StreamedReply
from gateway.dispatch.stopping import Running
from gateway.dispatch.stored_state import claim, out_of_reach
from gateway.dispatch.translation import Outgoing, outgoing, unwritable
from gateway.dispatch.waiting import seat_at
from gateway.errors import GatewayError
from gateway.outcome.request_state import RequestState
from gateway.outcome.result import Judge
from gateway.policy.permit import Permit
from gateway.upstreams.failures import PASSING, REQUEST_AT_FAULT, WITHDRAWN, Failure, of_fault
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.state_seal import StateSeal

AGAIN_S = 0.1  # half as long to half as long again passes before `retry_same` asks again
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class DispatchContext:
    """What dispatch works with; the same for every request of a Gateway."""

    fleet: Fleet
    breakers: Breakers
    admit: Callable[
        [RequestState, Endpoint], Awaitable[Permit | GatewayError]
    ]  # an error: the budget does not reach for it
    judge: Callable[[RequestState], Judge | None]  # tells refusals from answers, for this request
    running: Running = field(default_factory=Running)  # what a freeze ends; one a worker
    loads: Loads = field(default_factory=Loads)  # of endpoints with ceilings; one a worker
    yields: bool = False  # to callers' requests: shadow, judge and probe leave them a part of each ceiling
    seal: StateSeal = field(default_factory=lambda: StateSeal(token_bytes(32)))  # of ids of what vendors keep


async def dispatch(trail: RequestState, means: DispatchContext) -> Reply:
    """Asks one endpoint after another, each in its wire, until a reply may be handed out. Raises GatewayError."""
    claim(trail, means.seal)
    queue = _queue(trail, means)
    judge, endpoint = means.judge(trail), queue.first() or await _in_line(trail, queue, means)
    if endpoint is None:
        raise out_of_reach(trail) or unwritable(trail, means.seal) or _nothing_usable(trail, means)
    unasked: GatewayError | None = None  # why the last of those was not asked that could have been
    spare: ActiveAttempt | None = None  # the last reply, which stands if nothing better comes
    last: tuple[Endpoint, str] | None = None  # who gave the last reply, and what it was; a filter's error is one
    failures: list[tuple[Endpoint, Failure]] = []
    try:
        while endpoint is not None:
            asked = await _permitted(endpoint, trail, means)
            if isinstance(asked, GatewayError):
                unasked, endpoint = asked, queue.instead()
                continue
            found = await _ask(asked, trail, means, hold_for(trail, queue, endpoint, first=spare is None), judge)
            said = found.outcome if isinstance(found, Failure) else found.verdict
            if said != "failed":
                _note_reroute(trail, last, endpoint)
                last = (endpoint, said)
            if isinstance(found, Failure):
                if found.ask_again or _elsewhere(asked, found, trail, means):
                    continue
                failures.append((endpoint, found))
                endpoint = await _next(found, queue, endpoint, trail)
                continue
            _drop(spare)
            spare = found if said == "answered" else _held(found)
            endpoint = queue.after(said, endpoint)
    except BaseException:
        _drop(spare)
        raise
    spare = _still_wanted(spare, failures)
    if spare is not None and not (isinstance(found, Failure) and found.outcome != "failed"):
        return _commit(spare, means)
    _drop(spare)
    await trail.catch_up()
    raise _nobody_answered(failures, trail, means) if failures or unasked is None else unasked


def _nobody_answered(
    failures: list[tuple[Endpoint, Failure]], trail: RequestState, means: DispatchContext
) -> GatewayError:
    asked = [endpoint for endpoint, _ in failures]
    return exhausted(failures, len(trail.decision.endpoints), _standing(trail, means, besides=asked))


def _nothing_usable(trail: RequestState, means: DispatchContext) -> GatewayError:
    standing = _standing(trail, means)
    if standing.full:
        trail.refused_by = "ceiling"
    return nothing_usable(standing)


def _standing(trail: RequestState, means: DispatchContext, besides: Sequence[Endpoint] = ()) -> Standing:
    return Standing.of(trail, means.fleet, means.breakers, lambda each: _full(each, trail, means), besides)


async def _in_line(trail: RequestState, queue: Queue, means: DispatchContext) -> Endpoint | None:
    """Nobody can be asked now: the first that has a seat again, where it may be waited for. Raises GatewayError."""
    full = [] if means.yields else [each for each in trail.decision.endpoints if _lacks_a_seat(each, trail, means)]
    endpoint = await seat_at(full, trail, means.loads)
    return queue.begin_at(endpoint) if endpoint is not None else None


def _lacks_a_seat(endpoint: Endpoint, trail: RequestState, means: DispatchContext) -> bool:
    """True if that is all that keeps it from being asked, and it has a line."""
    if endpoint.ceilings is None or endpoint.ceilings.queue is None or not _in_reach(endpoint, trail, means):
        return False
    full = means.loads.full(endpoint, trail.prompt_tokens, time())
    if full is None or full.ceiling != "at_once" or not affordable(endpoint, trail):
        return False
    return bool(awake(endpoint, means.fleet, means.breakers, monotonic()))


def _note_reroute(trail: RequestState, last: tuple[Endpoint, str] | None, endpoint: Endpoint) -> None:
    """A reply of `endpoint` takes the place of the last one."""
    if last is not None and last[0] is not endpoint:
        trail.rerouted.append((last[0].id, endpoint.id, last[1]))


async def _next(failure: Failure, queue: Queue, endpoint: Endpoint, trail: RequestState) -> Endpoint | None:
    """Where to go after a failure. The same endpoint is asked again after a moment, never at once."""
    if monotonic() >= trail.deadline:
        return None
    after = _after(failure, queue, endpoint)
    if after is endpoint and failure.outcome == "failed":
        await asyncio.sleep(min(AGAIN_S * (0.5 + _chance.random()), max(0.0, trail.deadline - monotonic())))
    return after


def _after(failure: Failure, queue: Queue, endpoint: Endpoint) -> Endpoint | None:
    if failure.outcome != "failed":
        return queue.after(failure.outcome, endpoint)
    if failure.kind in ("connect", "forbidden", "frozen"):
        queue.unreached()
    if failure.final:
        return None
    passes = failure.kind in PASSING or (failure.kind == "timeout" and failure.status is not None)  # by its own word
    return (queue.again() if passes else None) or queue.after_failure()


def _elsewhere(question: Question, failure: Failure, trail: RequestState, means: DispatchContext) -> bool:
    """True if another address or key of the same endpoint may do what this one did not."""
    endpoint = question.permit.endpoint
    if len(endpoint.replicas) == 1 or failure.outcome != "failed" or monotonic() >= trail.deadline:
        return False
    if failure.kind in REQUEST_AT_FAULT | WITHDRAWN:
        return False
    failed = trail.failed_replicas.setdefault(endpoint.id, [])
    failed.append(question.replica)
    return any(number not in failed for number in awake(endpoint, means.fleet, means.breakers, monotonic()))


async def _permitted(endpoint: Endpoint, trail: RequestState, means: DispatchContext) -> Question | GatewayError:
    """What it is asked and that it may be; else why not: a field that has no place in its wire, or the budget."""
    if endpoint.ceilings is not None and (full := _full(endpoint, trail, means)) is not None:
        return too_full([(endpoint, full)])  # while it was waited to ask again
    means.loads.hold(endpoint, id(trail))
    try:
        out = outgoing(trail, endpoint, means.seal)
        permit = await means.admit(trail, endpoint)
        return permit if isinstance(permit, GatewayError) else _question(permit, out, trail, means)
    except GatewayError as refused:
        return refused
    finally:
        means.loads.give_back(id(trail))


def _question(permit: Permit, out: Outgoing, trail: RequestState, means: DispatchContext) -> Question | GatewayError:
    endpoint = permit.endpoint
    if endpoint.ceilings is not None and (full := _full(endpoint, trail, means)) is not None:
        return too_full([(endpoint, full)])  # while its budget was looked at
    numbers = list(means.fleet.replicas(endpoint))
    if len(numbers) > 1:
        numbers = _askable(endpoint, means) or numbers
    failed = trail.failed_replicas.get(endpoint.id, ())
    fresh = [number for number in numbers if number not in failed] or numbers
    seat = None
    if endpoint.ceilings is not None:
        seat = means.loads.take(endpoint, trail.prompt_tokens, time(), id(trail))
    return Question(permit, out, choose(endpoint, fresh, trail.decision.view.draw or 0.0), seat)


async def _ask(
    question: Question, trail: RequestState, means: DispatchContext, hold: Hold, judge: Judge | None
) -> ActiveAttempt | Failure:
    turn = means.breakers.turn(breaker_name(question.permit.endpoint, question.replica), monotonic())
    turn.seat = question.seat
    try:
        return await ask(question, trail, means.fleet, turn, hold=hold, judge=judge, running=means.running)
    except BaseException:
        turn.released()
        raise


def _askable(endpoint: Endpoint, means: DispatchContext) -> list[int]:
    """Replicas that are awake, else those that may be asked for want of anybody else."""
    now = monotonic()
    return awake(endpoint, means.fleet, means.breakers, now) or last_resorts(endpoint, means.fleet, means.breakers, now)


def _queue(trail: RequestState, means: DispatchContext) -> Queue:
    return Queue(trail, lambda each: _usable(each, trail, means), lambda each: _last_resort(each, trail, means))


def _usable(endpoint: Endpoint, trail: RequestState, means: DispatchContext) -> bool:
    return _could_serve(endpoint, trail, means) and bool(awake(endpoint, means.fleet, means.breakers, monotonic()))


def _last_resort(endpoint: Endpoint, trail: RequestState, means: DispatchContext) -> bool:
    """It asked for a rest, but a caller's request has nobody else."""
    if means.yields or not _could_serve(endpoint, trail, means):
        return False
    return bool(last_resorts(endpoint, means.fleet, means.breakers, monotonic()))


def _could_serve(endpoint: Endpoint, trail: RequestState, means: DispatchContext) -> bool:
    if not _in_reach(endpoint, trail, means):
        return False
    if endpoint.ceilings is not None and _full(endpoint, trail, means) is not None:
        return False
    return affordable(endpoint, trail)


def _in_reach(endpoint: Endpoint, trail: RequestState, means: DispatchContext) -> bool:
    return means.fleet.reaches(endpoint) and (trail.claim is None or trail.claim.endpoint == endpoint.id)


def _full(endpoint: Endpoint, trail: RequestState, means: DispatchContext) -> Full | None:
    """Which ceiling keeps it from being asked, which the request's record says too."""
    full = means.loads.full(endpoint, trail.prompt_tokens, time(), yields=means.yields, holder=id(trail))
    if full is not None:
        trail.passed_over.setdefault(endpoint.id, full.ceiling)
    return full


def _held(found: ActiveAttempt) -> ActiveAttempt:
    """A reply that may be replaced; what it cost so far counts under the limits of what is asked next."""
    trail = found.trail
    if trail.decision.limits.usd is not None or any(each.limits for each in trail.decision.endpoints):
        trail.held_usd = found.charge().cost_usd
    return found


def _commit(found: ActiveAttempt, means: DispatchContext) -> Reply:
    """From here on the attempt is never replaced."""
    found.trail.adapted = found.adapted
    if found.trail.request.stream:
        found.committed = True
        return StreamedReply(found)
    found.close()
    found.record(found.verdict)
    return Reply(200, found.opening, endpoint=found.endpoint, content_type=found.content_type)


def _still_wanted(spare: ActiveAttempt | None, failures: list[tuple[Endpoint, Failure]]) -> ActiveAttempt | None:
    """None if a freeze has stopped who gave it, which counts as a failure."""
    if spare is None or spare.stop.why is None:
        return spare
    failures.append((spare.endpoint, of_fault(UpstreamFault("stopped", spare.stop.why))))
    _drop(spare)
    return None


def _drop(spare: ActiveAttempt | None) -> None:
    """A refusal that was gone round: billed for what came of it."""
    if spare is not None:
        leave(spare, spare.verdict)
        spare.trail.held_usd = Decimal(0)
        spare.trail.attempts.sort(key=lambda attempt: attempt.started)  # others may have failed since it was asked
