"""The story of one request: measure, decide, admit, dispatch; metered as it passes, recorded when it ends.

A newcomer starts at `handle`, and goes on at `finish`. Who calls was asked before, by `api`, when the headers had come
and no body yet. Every step is a function of its own package; nothing else happens to a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic, time

from gateway.cache.answers import Answers
from gateway.dispatch.conversations import Conversations
from gateway.dispatch.dispatch import DispatchContext, dispatch
from gateway.dispatch.lesser import lesser
from gateway.dispatch.reply import Reply
from gateway.errors import GatewayError
from gateway.estimates import Snapshot
from gateway.identity import Caller, Keyring
from gateway.limits.reservations import Admission
from gateway.outcome.make_outcome import settle
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.policy.body import body_needs, needing
from gateway.policy.compiled import Policy
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.models import named_as, resolve_model
from gateway.policy.select.exploration import draw_of
from gateway.policy.view import View
from gateway.record import Sink, record
from gateway.request import Request, conversation
from gateway.signals import needs
from gateway.signals.measure import measure, measure_text, request_text
from gateway.signals.table import text_signals
from gateway.signals.value import UNKNOWN, Signals
from gateway.threads import PARSING, SCANS, Busy

LOOP_SCAN_BYTES = 16_384  # a longer body is measured off the event loop
SCAN_S = 10.0  # to read the text of one; what takes longer, or waits behind too many, counts as unknown


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything a request needs, compiled. Never changed: a reload builds another and swaps it whole."""

    policy: Policy
    keyring: Keyring
    admission: Admission
    means: DispatchContext
    conversations: Conversations
    sinks: tuple[Sink, ...]
    shadow: Callable[[Outcome], None] | None  # sends a copy where a route wants one; None: no route does
    sample: Callable[[RequestState], None] | None  # offers replies to the LLM judge; None: the policy has none
    late: frozenset[str]  # text signals that no decision reads, measured while the upstream is awaited
    estimates: Callable[[], Snapshot]  # what has been learned so far
    answers: Answers | None = None  # those that routes keep; None: none
    frozen: tuple[tuple[str, str], ...] = ()  # operators, endpoints … that an administrator has stopped


async def handle(request: Request, caller: Caller, gateway: Gateway) -> Served:
    """Serves one request. Raises GatewayError. One Outcome is recorded whatever happens, also if the caller leaves."""
    request = _known_by_name(request, gateway.policy)
    signals, conversed = await signals_of(request, caller, gateway)
    decision = _decided(request, signals, conversed, gateway)
    left_out: tuple[str, ...] = ()
    if not decision.endpoints:
        request, decision, left_out = await _for_less(request, caller, decision, conversed, gateway)
    served = Served(RequestState(request, caller, decision, left_out=left_out), gateway, conversed)
    try:
        if not decision.endpoints:
            raise _denial(decision, request)
        _measure_late(served.trail, gateway.late)
        if caller.team.rate is not None:
            await gateway.admission.enter(served.trail)
        served.reply = await _answer(served.trail, gateway)
    except GatewayError as error:
        served.error = error
        served.end(error)
    except BaseException as error:
        served.end(error)
        raise
    return served


async def _answer(trail: RequestState, gateway: Gateway) -> Reply:
    """One that is kept, where the route keeps answers, or somebody's."""
    kept = None
    if gateway.answers is not None and trail.decision.route.cache is not None:
        kept = await gateway.answers.find(trail, gateway.means.admit, time)
    if kept is not None:
        return kept
    reply = await dispatch(trail, gateway.means)
    if trail.keeping is not None and not reply.stream:
        trail.keeping.add(reply.opening)
        trail.keeping.whole = True
    return reply


async def _for_less(
    request: Request, caller: Caller, decision: Decision, conversed: bytes, gateway: Gateway
) -> tuple[Request, Decision, tuple[str, ...]]:
    """What it may do without is left out if it can be served then: the first that can, or all as it is.

    Its text is measured once: that of the whole request counts for the lesser one too.
    """
    for less, left_out in lesser(request):
        fresh, _ = await signals_of(less, caller, gateway, text=False)
        found = _decided(less, decision.signals | fresh, conversed, gateway)
        if found.endpoints:
            return less, found, left_out
    return request, decision, ()


def _decided(request: Request, signals: Signals, conversed: bytes, gateway: Gateway) -> Decision:
    """Where it may go. `conversed`: the name of its conversation."""
    at = request.arrival.received_at
    view = View(
        at=at,
        draw=draw_of(conversed),
        frozen=gateway.frozen,
        conversation=gateway.conversations.endpoint(conversed, at),
        max_tokens=request.max_tokens,
        estimates=gateway.estimates(),
    )
    return decide(gateway.policy, signals, view)


def _denial(decision: Decision, request: Request) -> GatewayError:
    """With the fields of the body that no endpoint can serve, where it is for them."""
    error = explanation.denial(decision)
    if error.code != "unsupported_request":
        return error
    fields = needs.by_field(request.fields, explanation.lacked(decision))
    fields |= needing(decision.policy.body_rules, request.interface.dialect.name, request.fields)
    if not fields:
        return error
    words = "; ".join(f"`{name}` needs {need}" for name, need in sorted(fields.items()))
    return GatewayError(error.code, f"{words}: {error.message}", param=min(fields))


def _known_by_name(request: Request, policy: Policy) -> Request:
    """Raises GatewayError `model_not_found`."""
    name = named_as(policy, request.model)
    resolve_model(policy, name)
    return request if name == request.model else replace(request, model=name)


class Served:
    """A request on its way out, with a reply or an error. Whoever writes it calls `end` once, however that went."""

    __slots__ = ("_outcome", "conversation", "error", "gateway", "reply", "trail")

    def __init__(self, trail: RequestState, gateway: Gateway, conversation: bytes):
        self.trail = trail
        self.gateway = gateway
        self.conversation = conversation
        self.reply: Reply | None = None
        self.error: GatewayError | None = None
        self._outcome: Outcome | None = None

    def end(self, error: BaseException | None = None) -> Outcome:
        """Finishes it; later calls return the same Outcome."""
        if self._outcome is None:
            if self.reply is not None:
                self.reply.end()
            self._outcome = finish(self, error)
        return self._outcome


def finish(served: Served, error: BaseException | None) -> Outcome:
    """The second half of the story: once a request, when its reply has ended or the caller has left. Never awaits."""
    trail, gateway = served.trail, served.gateway
    outcome = settle(trail, error, ended=monotonic(), ended_at=time())
    gateway.admission.settle(outcome, trail)
    _remember(outcome, gateway.conversations, served.conversation)
    if trail.keeping is not None and gateway.answers is not None:
        gateway.answers.keep(trail, outcome)
    record(outcome, gateway.sinks)
    if gateway.shadow is not None:
        gateway.shadow(outcome)
    if gateway.sample is not None:
        gateway.sample(trail)
    return outcome


def _remember(outcome: Outcome, conversations: Conversations, conversation: bytes) -> None:
    """Who answered; not a canary, which is drawn once a conversation and may stop."""
    last = outcome.attempts[-1] if outcome.result == "answered" and outcome.attempts else None
    if last is not None and last.purpose == "serve":
        conversations.remember(conversation, last.endpoint.id, outcome.ended_at)


async def signals_of(request: Request, caller: Caller, gateway: Gateway, *, text: bool = True) -> tuple[Signals, bytes]:
    """Its signals, and the name of its conversation; those of a long body are measured beside the event loop.

    `text`: also those that read what it says, where the policy needs them.
    """
    needed = gateway.policy.needs if text else gateway.policy.needs - text_signals()
    if request.body_bytes <= LOOP_SCAN_BYTES:
        return _measure(request, caller, gateway, needed)
    signals, conversed = await PARSING.run(_measure, None, request, caller, gateway, needed - text_signals())
    signals |= await scanned(request, needed & text_signals())
    return signals, conversed


def _measure(request: Request, caller: Caller, gateway: Gateway, needed: frozenset[str]) -> tuple[Signals, bytes]:
    """Its signals, of those that read text the needed ones, and the name of its conversation."""
    policy, plain = gateway.policy, request.talk is not None
    signals = measure(request, caller, tags=gateway.keyring.tags, models=policy.named, needed=needed)
    moved = body_needs(policy.body_rules, request.interface.dialect.name, request.fields, plain_messages=plain)
    if moved:
        signals["needs"] = needs.measure(request.fields) | moved
    signals["budget_used"] = min(1.0, gateway.admission.budget_used(caller, request.arrival.received_at))
    return signals, conversation(request, caller.key_id)


async def scanned(request: Request, asked: frozenset[str]) -> Signals:
    """The text signals of a long body, read beside the loop. Unknown, so that guards apply, if that takes too long.

    Raises GatewayError naming the field that is malformed.
    """
    if not asked:
        return {}
    try:
        return await SCANS.run(_scan, SCAN_S, request, asked)
    except (TimeoutError, Busy):
        return dict.fromkeys(asked, UNKNOWN)


def _scan(request: Request, asked: frozenset[str]) -> Signals:
    return measure_text(request_text(request), asked)


def _measure_late(trail: RequestState, late: frozenset[str]) -> None:
    """While the upstream is awaited: what is only recorded, and the topic, by which a refusal may stand."""
    if not late:
        return
    loop = asyncio.get_running_loop()
    request, decision = trail.request, trail.decision

    def add(found: Signals) -> None:
        trail.topic = found.get("topic")
        trail.late_signals = {name: found[name] for name in late & decision.policy.record_signals}

    def now() -> None:
        with suppress(GatewayError):  # a malformed message that no decision had to read: the upstream says what it is
            add(_scan(request, late))

    async def beside() -> None:
        with suppress(GatewayError):
            add(await scanned(request, late))

    if not late & decision.policy.record_signals:  # only a refusal asks for it
        trail.measuring = beside
    elif request.body_bytes > LOOP_SCAN_BYTES:
        begun = loop.create_task(beside())
        trail.measuring = lambda: asyncio.shield(begun)  # a freeze may end the attempt that waits, others wait on
    else:
        loop.call_soon(now)
