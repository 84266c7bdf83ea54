"""What a probe will ask of whom, and what that may cost: one decision for each endpoint and question. Asks nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage, cost
from gateway.estimates.priors import expected_tokens
from gateway.identity import Caller, Team
from gateway.pipeline import Gateway
from gateway.policy.decide import decide
from gateway.policy.explain import explanation
from gateway.policy.view import View
from gateway.probe.questions import Question
from gateway.request import Arrival, Request, parse
from gateway.signals.measure import measure
from gateway.signals.value import Signals

NAME = "probe"  # of the app and the key that its ledger rows carry


@dataclass(frozen=True, slots=True)
class Trial:
    """One question to one endpoint, once."""

    endpoint: Endpoint
    question: Question
    repeat: int  # from 1
    signals: Signals


@dataclass(slots=True)
class Plan:
    """Everything that a probe means to do."""

    caller: Caller
    max_tokens: int | None
    trials: list[Trial] = field(default_factory=list)
    removed: dict[str, Counter[str]] = field(default_factory=dict)  # by endpoint: how many questions each guard keeps
    unable: dict[str, str] = field(default_factory=dict)  # by endpoint: why it is asked nothing
    estimate_usd: Decimal = Decimal(0)  # of the endpoints whose price is known
    unpriced: set[str] = field(default_factory=set)

    @property
    def endpoints(self) -> list[str]:
        """Those that are asked, in the catalogue's order."""
        return list(dict.fromkeys(trial.endpoint.id for trial in self.trials))


def plan(
    gateway: Gateway,
    team: Team,
    *,
    endpoints: Sequence[Endpoint],
    questions: Iterable[Question],
    repeat: int,
    max_tokens: int | None,
    at: float,
) -> Plan:
    """Every question, `repeat` times, to each of `endpoints` that the guards leave it for this team at this time."""
    made = Plan(Caller(NAME, team, NAME, None), max_tokens)
    asked = [(question, _signals(gateway, made, question, at)) for question in questions]
    for endpoint in endpoints:
        if not gateway.means.fleet.reaches(endpoint):
            made.unable[endpoint.id] = _unreached(gateway, endpoint)
            continue
        for question, measured in asked:
            signals = measured | {"model": endpoint.id, "model_known": True}
            if _permitted(gateway, made, endpoint, signals, at):
                made.trials += [Trial(endpoint, question, number, signals) for number in range(1, repeat + 1)]
                _estimate(made, endpoint, signals, repeat, at)
    return made


def _unreached(gateway: Gateway, endpoint: Endpoint) -> str:
    if gateway.means.fleet.awaits_adapter(endpoint):
        return "the adapter process does not run"
    if not endpoint.login:
        return "its wire is not spoken"
    return f"{', '.join(str(source) for source in endpoint.login)}: no key is there"


def request_of(trial_model: str, question: Question, max_tokens: int | None, arrival: Arrival) -> Request:
    """What a caller would send who asks for this endpoint by its id."""
    body: dict[str, object] = {"model": trial_model, "messages": [{"role": "user", "content": question.text}]}
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    return parse("chat", msgspec.json.encode(body), arrival)


def _signals(gateway: Gateway, made: Plan, question: Question, at: float) -> Signals:
    policy = gateway.policy
    request = request_of("auto", question, made.max_tokens, Arrival(question.id, at, 0.0))
    needed = policy.needs | policy.record_signals
    return measure(request, made.caller, tags=gateway.keyring.tags, models=policy.named, needed=needed)


def _permitted(gateway: Gateway, made: Plan, endpoint: Endpoint, signals: Signals, at: float) -> bool:
    decision = decide(gateway.policy, signals, View(at=at, frozen=gateway.frozen, max_tokens=made.max_tokens))
    if decision.permits(endpoint):
        return True
    guards = explanation.removed(decision).get(endpoint.id)
    if guards:
        made.removed.setdefault(endpoint.id, Counter()).update(guards)
    else:
        made.unable[endpoint.id] = explanation.unable(decision).get(endpoint.id, "it cannot serve the question")
    return False


def _estimate(made: Plan, endpoint: Endpoint, signals: Signals, repeat: int, at: float) -> None:
    tokens = signals.get("tokens")
    output = expected_tokens(endpoint.model, "default")
    usage = Usage(
        input_tokens=tokens if isinstance(tokens, int) else 0,
        output_tokens=round(min(output, made.max_tokens) if made.max_tokens is not None else output),
    )
    priced = cost(endpoint.prices, usage, at=at)
    if priced is None:
        made.unpriced.add(endpoint.id)
    else:
        made.estimate_usd += repeat * priced[0]
