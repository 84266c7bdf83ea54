"""Orders that read what was learned."""

from __future__ import annotations

import pytest

from gateway.estimates import PRIORS, Estimates, Observation, Snapshot
from gateway.estimates.priors import expected_tokens
from gateway.policy.authoring.cases import signals_of
from gateway.policy.decide import decide
from gateway.policy.view import View
from tests.unit.policy.small import AT, SETS, compiled

ORDERS = ("cost_per_answer", "refusals", "first_byte", "total_time")
FOLDERS = {
    order: compiled(
        policy=SETS + f"version: 1\nroutes: [{{name: rest, try: [{{any: {{}}}}], order: {order}}}]\n".encode()
    )
    for order in ORDERS
}
BEST = "gpt@openai"


def told(*, tokens: int, answered: bool, first_byte_s: float, total_s: float, count: int = 400) -> Snapshot:
    """That BEST is unlike the others, which are all alike."""
    estimates = Estimates()
    for endpoint in FOLDERS["refusals"].policy.endpoints:
        best = endpoint.id == BEST
        expected = expected_tokens(endpoint.model, "default")
        for n in range(count):
            estimates.add(
                Observation(
                    at=AT,
                    key=f"k{n % 40}",
                    model=endpoint.model.id,
                    endpoint=endpoint.id,
                    effort="default",
                    topic="none",
                    language="en",
                    expected_tokens=expected,
                    answered=True if best else answered or n % 4 == 0,
                    output_tokens=5 if best else tokens,
                    first_byte_s=0.1 if best else first_byte_s,
                    total_s=0.2 if best else total_s,
                )
            )
    return estimates.snapshot()


def first(order: str, snapshot: Snapshot) -> str:
    folder = FOLDERS[order]
    signals = signals_of(folder.keyring.teams["research"], {"tokens": 10, "language": "en"}, folder.policy)
    return decide(folder.policy, signals, View(at=AT, estimates=snapshot)).endpoints[0].id


@pytest.mark.parametrize(
    ("order", "snapshot"),
    [
        ("cost_per_answer", told(tokens=4000, answered=True, first_byte_s=0.1, total_s=0.2)),
        ("refusals", told(tokens=5, answered=False, first_byte_s=0.1, total_s=0.2)),
        ("first_byte", told(tokens=5, answered=True, first_byte_s=3.0, total_s=3.1)),
        ("total_time", told(tokens=5, answered=True, first_byte_s=0.1, total_s=30.0)),
    ],
)
def test_each_order_puts_first_what_was_learned_to_be_best_by_it(order, snapshot):
    assert first(order, snapshot) == BEST


def test_without_data_every_order_stands_by_what_is_believed():
    assert first("first_byte", PRIORS) == "gpt@openai"  # all alike: as listed
    assert first("cost_per_answer", PRIORS) == "glm@zai"  # by price


def test_what_is_made_ready_for_a_snapshot_is_what_a_decision_would_work_out():
    snapshot = told(tokens=4000, answered=True, first_byte_s=0.1, total_s=0.2)
    fresh = first("cost_per_answer", snapshot)
    first("cost_per_answer", PRIORS)
    FOLDERS["cost_per_answer"].policy.rankings.renew(snapshot)

    assert first("cost_per_answer", snapshot) == fresh == BEST
    assert first("cost_per_answer", PRIORS) == "glm@zai"


def test_what_nobody_asks_for_any_more_is_let_go():
    rankings = FOLDERS["total_time"].policy.rankings
    first("total_time", PRIORS)
    for _ in range(3):
        rankings.renew(told(tokens=5, answered=True, first_byte_s=1, total_s=2, count=2))

    assert len(rankings.kept) <= 1
