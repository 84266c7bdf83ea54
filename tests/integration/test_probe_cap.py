"""A probe's cap holds for every attempt, not for every question."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from gateway.dispatch.affordable import expected_usd, worst_case_usd
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.dispatch import DispatchContext
from gateway.identity import Caller
from gateway.limits.memory import MemoryAccounts
from gateway.limits.reservations import Admission
from gateway.outcome.outcome import Outcome
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.in_force import InForce
from gateway.probe.plan import Plan, Trial
from gateway.probe.questions import questions
from gateway.probe.run import Asking, Found
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client
from tests.integration.rerouted import Vendors, files, said

ALL_THOUGHT = said("") | {"usage": {"prompt_tokens": 10, "completion_tokens": 100}}  # 0.00021 USD


def probed(usd: str, asked: int) -> tuple[Found, list[Outcome]]:
    return asyncio.run(_probed(Decimal(usd), asked))


async def _probed(usd: Decimal, asked: int) -> tuple[Found, list[Outcome]]:
    vendors = Vendors({"a": [(200, ALL_THOUGHT)] * 100})
    server = await asyncio.start_server(vendors.serve, "127.0.0.1", 0)
    folder = compile_folder(files(server.sockets[0].getsockname()[1]))
    client, outcomes = Client(), list[Outcome]()
    fleet = Fleet(folder.catalog, key_of=lambda name: None, client=client, in_force=InForce())
    means = DispatchContext(fleet, Breakers(), _nobody, lambda trail: None)
    admission = Admission(MemoryAccounts(lambda account, since: Decimal(0)), worst_case_usd, expected_usd)
    gateway: Any = SimpleNamespace(
        policy=folder.policy, keyring=folder.keyring, means=means, frozen=(), admission=admission
    )
    endpoint, team = folder.catalog.endpoints["m@a"], folder.keyring.teams["t"]
    signals: dict[str, Any] = {
        "model": "m@a",
        "model_known": True,
        "tokens": 10,
        "kind": "chat",
        "stream": False,
        "needs": frozenset(),
    }
    plan = Plan(Caller("probe", team, "probe", None), max_tokens=100)
    plan.trials = [
        Trial(endpoint, each, 1, signals | {"topic": frozenset(), "data_class": "public", "team": "t", "app": "probe"})
        for each in questions(topics=["control"], languages=["en"])[:asked]
    ]
    found = await Asking(lambda: gateway, plan, usd, record=outcomes.append, done=lambda: None).all()
    client.close()
    server.close()
    await vendors.leave()
    return found, outcomes


async def _nobody(trail: Any, endpoint: Any) -> Any:
    raise AssertionError("a probe admits by itself")


def test_a_blank_reply_is_asked_for_again_only_if_the_cap_reaches():
    found, outcomes = probed("0.0003", 1)

    assert found.spent_usd == Decimal("0.00021")
    assert found.out_of_money
    assert [len(outcome.attempts) for outcome in outcomes] == [1]


def test_the_cap_holds_for_questions_that_are_under_way_at_once():
    for usd in ("0.00021", "0.0007", "0.0013"):
        found, outcomes = probed(usd, 6)

        assert 0 < found.spent_usd <= Decimal(usd)
        assert found.spent_usd == sum(attempt.cost_usd for outcome in outcomes for attempt in outcome.attempts)
