"""What the caller gets and what is recorded when a reply is gone round, or cut by its vendor."""

from __future__ import annotations

import pytest

from gateway.errors import GatewayError
from tests.integration.rerouted import BROKEN, NO, RISK, YES, Scene, pieces, said, told


def test_a_model_asked_for_by_name_gets_no_other_weights_after_a_refusal_even_if_the_next_fails():
    seen = told({"a": [(200, said(NO))], "b": [BROKEN]}, Scene(model="m"))

    assert seen.vendors.asked == ["a", "b"]
    assert seen.trail.attempts[-1].outcome == "declined"
    assert b"sorry" in seen.body


def test_the_last_reply_is_the_callers_also_if_it_is_a_filters_error():
    seen = told({"a": [(200, said(NO))], "b": [RISK], "c": [RISK]})

    assert isinstance(seen.reply, GatewayError)
    assert seen.reply.code == "content_filtered"
    assert seen.attempts == [("m@a", "declined"), ("m@b", "filtered"), ("w@c", "filtered")]


def test_a_failure_is_no_reply_and_the_refusal_before_it_stands():
    seen = told({"a": [(200, said(NO))], "b": [BROKEN], "c": [BROKEN]})

    assert b"sorry" in seen.body
    assert seen.trail.rerouted == []


def test_only_what_another_reply_replaced_was_rerouted():
    """An endpoint that was not asked for want of money, or that failed, replaced nothing."""
    poor = told({"a": [(200, said(NO))]}, Scene(poor=frozenset({"m@b"})))
    failed = told({"a": [(200, said(NO))], "b": [BROKEN]})
    spent = told({"a": [(200, said(NO))]}, Scene(poor=frozenset({"m@b", "w@c"})))

    assert poor.trail.rerouted == failed.trail.rerouted == [("m@a", "w@c", "declined")]
    assert spent.trail.rerouted == []


def test_a_filter_that_cuts_a_stream_by_an_error_has_filtered_it():
    cut = {"error": {"code": "data_inspection_failed", "message": "Output data may contain inappropriate content."}}
    seen = told({"a": [[*pieces(YES * 3, ended=False), cut, None]]}, stream=True)

    assert seen.attempts == [("m@a", "filtered")]
    assert b'"code":"content_filtered"' in seen.body
    assert b"[DONE]" not in seen.body


def test_an_error_that_cuts_a_stream_is_a_failure():
    seen = told({"a": [[*pieces(YES * 3, ended=False), {"error": {"message": "oops", "code": 500}}]]}, stream=True)

    assert seen.attempts == [("m@a", "failed")]


def test_without_time_left_nobody_else_is_blamed():
    """Each endpoint that was not asked any more once had a failed attempt, and its breaker counted it."""
    seen = told(
        {"a": [[{"choices": [{"index": 0, "delta": {"role": "assistant"}}]}, 5.0]]}, Scene(total=1), stream=True
    )

    assert seen.attempts == [("m@a", "failed")]
    assert seen.breakers.of("m@b").failures == 0
    assert isinstance(seen.reply, GatewayError)
    assert seen.reply.code == "upstream_timeout"


def test_an_error_that_comes_as_a_document_in_place_of_a_stream_is_read():
    """It once passed for a blank reply, which is asked for again whatever the topic."""
    risk = {"error": {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}}

    assert told({"a": [(200, risk)]}, stream=True).attempts == [("m@a", "filtered"), ("m@b", "answered")]
    assert told({"a": [(200, BROKEN[1])]}, stream=True).attempts == [("m@a", "failed"), ("m@b", "answered")]


def test_a_document_in_place_of_a_stream_is_an_answer():
    assert told({"a": [(200, said(YES))]}, stream=True).attempts == [("m@a", "answered")]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            403,
            {
                "code": "no permission",
                "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO",
            },
        ),
        (451, {"error": {"message": "blocked", "type": "censorship_blocked"}}),
        (500, {"error": {"message": "output new_sensitive (1027)"}}),
        (422, {"detail": "The prompt was rejected by our content filter."}),
    ],
)
def test_a_filter_s_no_on_an_excepted_topic_stands_in_whatever_clothes_it_comes(status, body):
    """It was once taken for a failure, and shopped around although the policy forbids it."""
    seen = told({"a": [(status, body)]}, Scene(topic=frozenset({"malicious"})))

    assert seen.attempts == [("m@a", "filtered")]
    assert isinstance(seen.reply, GatewayError)
    assert seen.reply.code == "content_filtered"


def test_an_error_that_the_catalogue_calls_declined_stands_on_an_excepted_topic():
    """Only `filtered` once did; anything else went to the next endpoint like a failure."""
    row = "{id: own, vendor: v, stage: input, statuses: [422], outcome: declined, source: s}"
    seen = told({"a": [(422, {})]}, Scene(moderation=row, topic=frozenset({"malicious"})))

    assert seen.vendors.asked == ["a"]
    assert isinstance(seen.reply, GatewayError)
    assert seen.reply.code == "content_filtered"


def test_what_a_refusal_cost_counts_under_the_limit_of_the_request():
    """It once counted only when the next endpoint had been chosen."""
    dear = said(NO) | {"usage": {"prompt_tokens": 10, "completion_tokens": 100}}  # 0.00021 USD, the worst case
    for usd, asked in (("usd: 0.0003", ["a"]), ("usd: 0.0005", ["a", "b"]), ("", ["a", "b"])):
        seen = told({"a": [(200, dear)]}, Scene(usd=usd), max_tokens=100)

        assert seen.vendors.asked == asked
        assert len(seen.attempts) == len(asked)
