"""What an attempt sets aside, and what a request is charged in the end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest

from gateway.dispatch.affordable import worst_case_usd
from gateway.errors import GatewayError
from gateway.identity import Account, Budget, Caller, Team
from gateway.limits.memory import MemoryAccounts
from gateway.limits.reservations import Admission
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.request import parse
from tests.unit.record.build import GLM, QWEN, attempt, decision, outcome, request

WHOLE, BOT = Budget(Decimal(100), "month", "reject"), Budget(Decimal(10), "month", "self_only")
CALLER = Caller("k", Team("research", "any", "public", frozenset(), WHOLE, None, {"bot": BOT}), "bot", None)
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
AT = request().arrival.received_at


class Story:
    """One process whose attempts cost at most `worst` dollars."""

    def __init__(self, worst: str | None, *places: Account):
        usd = None if worst is None else Decimal(worst)
        accounts = MemoryAccounts(lambda account, since: Decimal(0))
        self.admission = Admission(accounts, lambda endpoint, trail: usd, lambda endpoint, trail: usd, places)

    def tries(self, *endpoints) -> tuple[RequestState, list[str | None]]:
        """The trail, and the code of what stopped each attempt."""
        trail = RequestState(request(), CALLER, decision())
        ended = [asyncio.run(self.admission.admit(trail, endpoint)) for endpoint in endpoints]
        return trail, [each.code if isinstance(each, GatewayError) else None for each in ended]

    def beside(self, purpose: Any, trail: RequestState) -> Any:
        """What no caller asked of GLM."""
        admitted: Any = self.admission.beside(purpose)(trail, GLM)
        return asyncio.run(admitted)

    @property
    def used(self) -> list[float]:
        return [self.admission.used_share(account, AT) for account in CALLER.accounts]


def spent(usd: str) -> Outcome:
    return replace(outcome(attempt(GLM)), caller=CALLER, cost_usd=Decimal(usd))


def test_every_attempt_is_set_aside_and_the_request_charged_what_it_cost():
    story = Story("4")
    trail, stopped = story.tries(GLM, GLM)
    before = story.used
    story.admission.settle(spent("0.5"), trail)

    assert stopped == [None, None]
    assert (before, story.used) == ([0.08, 0.8], [0.005, 0.05])


def test_the_tightest_budget_is_the_one_that_counts():
    story = Story("4")
    _, stopped = story.tries(GLM, GLM, GLM)

    assert stopped == [None, None, "budget_exceeded"]
    assert story.admission.budget_used(CALLER, AT) == 0.8
    assert story.admission.budget_used(replace(CALLER, app="other"), AT) == 0.08


def test_own_machines_stay_open_to_an_app_that_says_so_while_its_team_has_money():
    story = Story("9")
    _, stopped = story.tries(GLM, GLM, QWEN)

    assert stopped == [None, "budget_exceeded", None]
    assert story.used == pytest.approx([0.18, 0.9])


def test_what_has_no_known_price_takes_all_that_a_budget_holds():
    story = Story(None)
    _, stopped = story.tries(GLM, GLM)

    assert (stopped, story.used) == ([None, "budget_exceeded"], [1.0, 1.0])


def test_what_costs_nothing_always_passes():
    story = Story("4")
    story.tries(GLM, GLM)
    free = Story("0")
    _, stopped = free.tries(GLM, QWEN)

    assert (stopped, free.used) == ([None, None], [0.0, 0.0])


def test_the_worst_case_is_of_every_choice_and_of_the_largest_limit():
    body = ASKED | {"max_completion_tokens": 1, "max_tokens": 1000, "n": 5}
    arrival = replace(request().arrival, received_at=1_795_000_000.0)  # its price is known
    asked = [
        parse("chat", json.dumps(body | changed).encode(), arrival)
        for changed in ({}, {"n": 1}, {"n": 1, "max_tokens": None})
    ]
    worst = [
        worst_case_usd(QWEN, RequestState(each, CALLER, replace(decision(), signals={"tokens": 0}))) for each in asked
    ]

    assert worst == [Decimal("0.003"), Decimal("0.0006"), Decimal("0.0000006")]


@pytest.mark.parametrize(
    ("asked", "choices", "generated"),
    [
        ({"prompt": "a"}, 1, 1),
        ({"prompt": "a", "n": 2, "best_of": 5}, 2, 5),
        ({"prompt": ["a", "b", "c"], "n": 2}, 6, 6),
        ({"prompt": [[1, 2], [3]], "best_of": 4}, 2, 8),
        ({"prompt": [1, 2, 3], "n": None}, 1, 1),
        ({"prompt": []}, 1, 1),
    ],
)
def test_every_answer_of_every_prompt_is_reckoned_with(asked, choices, generated):
    parsed = parse("completion", json.dumps({"model": "auto"} | asked).encode(), request().arrival)

    assert (parsed.choices, parsed.generated) == (choices, generated)


def test_the_worst_case_is_of_all_that_is_generated():
    body = {"model": "auto", "prompt": ["a", "b"], "max_tokens": 100, "best_of": 10}
    arrival = replace(request().arrival, received_at=1_795_000_000.0)
    trails = [
        RequestState(
            parse("completion", json.dumps(body | changed).encode(), arrival),
            CALLER,
            replace(decision(), signals={"tokens": 0}),
        )
        for changed in ({}, {"prompt": "a", "best_of": 1})
    ]
    many, one = (worst_case_usd(QWEN, trail) for trail in trails)

    assert one and many == 20 * one


def test_a_completion_needs_its_prompt_even_where_messages_stand():
    with pytest.raises(GatewayError, match="`prompt` is missing"):
        parse("completion", json.dumps(ASKED).encode(), request().arrival)


@pytest.mark.parametrize("limit", [-1, 2**70, 1.5, "9"])
def test_a_limit_that_cannot_be_reckoned_with_is_refused(limit):
    with pytest.raises(GatewayError, match="`max_tokens`"):
        parse("chat", json.dumps(ASKED | {"max_tokens": limit}).encode(), request().arrival)


def place(kind: str, name: str, usd: str, *, when_spent: str = "reject") -> Account:
    budget: Any = Budget(Decimal(usd), "day", cast(Any, when_spent))
    return Account("", None, budget, cast(Any, (kind, name)))


ZAI, GLM_ID = place("operator", "zai", "10"), place("endpoint", GLM.id, "90")


def test_a_place_is_charged_what_was_spent_there_and_nothing_else():
    story = Story("4", ZAI, place("model", QWEN.model.id, "10"))
    trail, stopped = story.tries(GLM, QWEN)
    before = [story.admission.used_share(each, AT) for each in story.admission._places]
    both = replace(outcome(attempt(GLM, cost_usd=Decimal("0.5")), attempt(QWEN, cost_usd=Decimal(2))), caller=CALLER)
    story.admission.settle(replace(both, cost_usd=Decimal("2.5")), trail)

    assert stopped == [None, None] and before == [0.4, 0.4]
    assert [story.admission.used_share(each, AT) for each in story.admission._places] == [0.05, 0.2]
    assert story.used == [0.025, 0.25]


def test_a_spent_place_names_itself_stops_whoever_asks_and_leaves_others_open():
    story = Story("4", place("operator", "zai", "5"), GLM_ID)
    trail, stopped = story.tries(GLM, GLM, QWEN)
    beside = story.beside("shadow", RequestState(request("copy"), CALLER, decision()))

    assert stopped == [None, "budget_exceeded", None]
    assert trail.passed_over == {GLM.id: "budget:operator:zai"} and trail.refused_by == "budget:operator:zai"
    assert isinstance(beside, GatewayError)
    assert "budget of 5 USD" in beside.message and "operator `zai` is spent" in beside.message


def test_what_no_caller_asked_is_charged_to_places_alone_and_given_back_if_nobody_was_asked():
    story = Story("4", ZAI)
    trail = RequestState(request(), CALLER, decision())
    assert not isinstance(story.beside("judge", trail), GatewayError)
    assert (story.used, story.admission.used_share(ZAI, AT)) == ([0.0, 0.0], 0.4)

    story.admission.settle_beside(replace(outcome(), caller=CALLER, attempts=(), cost_usd=Decimal(0)), trail)

    assert story.admission.used_share(ZAI, AT) == 0.0


def test_own_machines_of_a_place_stay_open_where_its_budget_says_so():
    story = Story("4", place("model", QWEN.model.id, "1", when_spent="self_only"), place("operator", "zai", "1"))

    assert story.tries(QWEN, GLM)[1] == [None, "budget_exceeded"]


def test_a_budget_that_did_not_reach_is_not_asked_again_for_what_costs_as_much():
    story = Story("40", ZAI)
    asked: list[Any] = []
    reserve = story.admission._accounts.reserve

    async def counted(*args):
        asked.append(args)
        return await reserve(*args)

    story.admission._accounts.reserve = counted  # type: ignore[method-assign]
    _, stopped = story.tries(GLM, GLM, GLM)

    assert stopped == ["budget_exceeded"] * 3 and len(asked) == 1
