"""Where a request goes next: after failures, blanks and refusals, inside the decision's endpoints."""

from __future__ import annotations

import json
from typing import Any

from gateway.dispatch.queue import Queue
from gateway.outcome.request_state import RequestState
from gateway.policy.authoring.cases import signals_of
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.request import Arrival, parse
from gateway.signals.value import UNKNOWN
from tests.unit.policy.small import AT, compiled

ROUTES = """
version: 1
aliases: {auto: any}
sets: {eu: [DE, FR]}
defaults: {order: listed, on_refusal: {prefer: PREFER, hops: HOPS}, limits: {attempts: ATTEMPTS, retry_same: SAME}}
guards: []
routes:
  - {name: named, when: {model_known: true}, try: [requested]}
  - {name: rest, try: [glm@zai, gpt@openai, glm@together, qwen@self]}
"""


def queue(
    *, model="auto", prefer="same_weights_elsewhere", hops=2, attempts=4, without=(), topic: Any = frozenset(), same=0
) -> tuple[Queue, Any]:
    text = (
        ROUTES.replace("PREFER", prefer)
        .replace("HOPS", str(hops))
        .replace("ATTEMPTS", str(attempts))
        .replace("SAME", str(same))
    )
    folder = compiled(policy=text.encode())
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()
    caller = next(iter(folder.keyring.callers.values()))
    signals = signals_of(caller.team, {"model": model, "topic": topic}, folder.policy)
    if topic is None:
        del signals["topic"]
    trail = RequestState(
        parse("chat", body, Arrival("r", AT, 0.0)), caller, decide(folder.policy, signals, View(at=AT))
    )
    return Queue(trail, lambda endpoint: endpoint.id not in without), folder.catalog.endpoints


def id_of(endpoint) -> str | None:
    return endpoint.id if endpoint else None


def test_failures_go_through_the_list_in_order():
    line, _ = queue()

    found = [id_of(line.first()), *(id_of(line.after_failure()) for _ in range(4))]

    assert found == ["glm@zai", "gpt@openai", "glm@together", "qwen@self", None]


def test_an_endpoint_that_is_to_be_asked_again_is_before_the_next_and_within_the_attempts():
    line, _ = queue(same=1, attempts=4)

    found = [id_of(line.first())]
    while (endpoint := line.again() or line.after_failure()) is not None:
        found.append(id_of(endpoint))

    assert found == ["glm@zai", "glm@zai", "gpt@openai", "gpt@openai"]
    assert line.tries == 4


def test_one_that_rests_by_now_is_not_asked_again():
    line, _ = queue(same=2, without=("glm@zai",))

    assert id_of(line.first()) == "gpt@openai"
    line._usable = lambda endpoint: endpoint.id != "gpt@openai"
    assert line.again() is None and id_of(line.after_failure()) == "glm@zai"


def test_attempts_are_bounded():
    line, _ = queue(attempts=2)

    assert [id_of(line.first()), id_of(line.after_failure()), line.after_failure()] == ["glm@zai", "gpt@openai", None]


def test_what_cannot_be_used_is_passed_over():
    line, _ = queue(without=("glm@zai", "gpt@openai"))

    assert id_of(line.first()) == "glm@together"


def test_a_refusal_goes_first_to_the_same_weights_elsewhere():
    line, at = queue()
    line.first()

    assert id_of(line.after("declined", at["glm@zai"])) == "glm@together"
    assert id_of(line.after("declined", at["glm@together"])) == "gpt@openai"
    assert line.after("declined", at["gpt@openai"]) is None


def test_another_lineage_may_be_preferred():
    line, at = queue(prefer="other_lineage")
    line.first()

    assert id_of(line.after("evaded", at["glm@zai"])) == "gpt@openai"


def test_a_blank_is_tried_once_more_on_the_same_endpoint_then_elsewhere():
    line, at = queue()
    line.first()

    again = line.after("blank", at["glm@zai"])
    assert again is not None

    assert id_of(again) == "glm@zai"
    assert id_of(line.after("blank", again)) == "glm@together"


def test_a_blank_again_is_no_hop():
    line, at = queue(hops=1)
    line.first()
    line.after("blank", at["glm@zai"])

    assert id_of(line.after("declined", at["glm@zai"])) == "glm@together"


def test_an_endpoint_asked_for_by_id_is_never_replaced():
    line, at = queue(model="glm@zai")
    line.first()

    assert line.after("declined", at["glm@zai"]) is None


def test_a_model_asked_for_by_name_is_replaced_by_the_same_weights_only():
    line, at = queue(model="glm")
    line.first()

    assert id_of(line.after("declined", at["glm@zai"])) == "glm@together"
    assert line.after("declined", at["glm@together"]) is None


def test_a_refusal_of_an_excepted_topic_stands():
    line, at = queue(topic=frozenset({"malicious"}))
    line.first()

    assert line.after("declined", at["glm@zai"]) is None


def test_a_refusal_of_an_unknown_topic_stands():
    line, at = queue(topic=UNKNOWN)
    line.first()

    assert line.after("declined", at["glm@zai"]) is None


def test_answers_stand():
    line, at = queue()
    line.first()

    assert line.after("answered", at["glm@zai"]) is None
    assert line.after("truncated", at["glm@zai"]) is None


def test_every_verdict_may_be_left_while_there_is_somewhere_to_go():
    line, at = queue()
    line.first()

    assert line.leavable(at["glm@zai"]) == {"filtered", "blank", "declined", "evaded"}


def test_with_nowhere_else_only_a_blank_may_be_left_and_only_once():
    line, at = queue(hops=0)
    line.first()
    assert line.leavable(at["glm@zai"]) == {"blank"}

    line.after("blank", at["glm@zai"])

    assert line.leavable(at["glm@zai"]) == set()


def test_on_an_excepted_or_unknown_topic_only_a_blank_may_be_left():
    for topic in (frozenset({"malicious"}), UNKNOWN):
        line, at = queue(topic=topic)
        line.first()

        assert line.leavable(at["glm@zai"]) == {"blank"}


def test_until_the_topic_is_measured_every_verdict_may_be_left_but_none_is():
    line, at = queue(topic=None)
    line.first()

    assert line.leavable(at["glm@zai"]) == {"filtered", "blank", "declined", "evaded"}
    assert line.after("declined", at["glm@zai"]) is None


def test_one_that_is_not_asked_after_all_takes_no_attempt():
    """Three endpoints that a budget did not reach for once hid the own machine behind them."""
    line, _ = queue(attempts=1)

    assert [id_of(line.first()), *(id_of(line.instead()) for _ in range(4))] == [
        "glm@zai", "gpt@openai", "glm@together", "qwen@self", None
    ]  # fmt: skip
