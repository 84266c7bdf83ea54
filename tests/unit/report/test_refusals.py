"""Refusal rates by weights, operator, topic and language."""

from __future__ import annotations

import pytest

from gateway.catalog.prices import Usage
from gateway.outcome.row import Row, Tried
from gateway.report.refusals import refusals
from tests.unit.policy.small import SETS, compiled
from tests.unit.report.build import row

POLICY = compiled(
    policy=SETS
    + b"""
version: 1
defaults: {on_refusal: {reroute: [declined], except: {topic: [malicious]}}}
routes: [{name: rest, try: [{any: {}}]}]
"""
).policy


def test_what_a_model_is_right_to_decline_is_counted_and_held_against_nobody():
    rows = [row("declined", topic=["malicious"]) for _ in range(30)]

    (found,) = refusals(rows, POLICY)["rows"]

    assert (found["n"], found["declined"], found["rate"]) == (30, 30, 0.0)


@pytest.mark.parametrize("outcome", ["failed", "left", "denied"])
def test_an_attempt_that_could_not_refuse_is_not_counted(outcome):
    assert refusals([row(outcome)] * 40, POLICY)["rows"] == []


def test_below_thirty_there_is_no_rate():
    (found,) = refusals([row("declined")] * 29, POLICY)["rows"]

    assert (found["rate"], found["low"], found["high"]) == (None, None, None)


def test_a_truncated_reply_is_no_refusal():
    (found,) = refusals([row("truncated")] * 30, POLICY)["rows"]

    assert (found["n"], found["rate"]) == (30, 0.0)


def test_the_topic_is_the_first_in_declared_order():
    (found,) = refusals([row("declined", topic=["code", "prc_political"])], POLICY)["rows"]

    assert found["topic"] == "prc_political"


def test_each_attempt_is_held_against_the_weights_and_the_machines_that_made_it():
    both = row("answered")
    first = Tried(endpoint="glm@zai", outcome="filtered", usage=Usage())
    rerouted = Row(both.request_id, both.at, "answered", signals=both.signals, attempts=(first, *both.attempts))

    found = refusals([rerouted], POLICY)["rows"]

    places = [(each["model"], each["operator"], each["filtered"]) for each in found]
    assert places == [
        ("glm", "zai", 1),
        ("qwen", "self", 0),
    ]
