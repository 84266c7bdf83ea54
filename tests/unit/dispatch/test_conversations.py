"""Who served a conversation last."""

import json

import pytest

from gateway.dispatch.conversations import KEPT_S, MOST, Conversations
from gateway.request import Arrival, conversation, parse

SYSTEM = {"role": "system", "content": "Be brief."}
FIRST = {"role": "user", "content": "Why do ships float?"}
ANSWER = {"role": "assistant", "content": "Because they weigh less than the water they push aside."}
SECOND = {"role": "user", "content": "And stones?"}


def name_of(*messages, key="k", **fields):
    body = json.dumps({"model": "auto", "messages": list(messages), **fields}).encode()
    return conversation(parse("chat", body, Arrival("r", 0.0, 0.0)), key)


def test_a_later_turn_continues_the_conversation():
    assert name_of(SYSTEM, FIRST) == name_of(SYSTEM, FIRST, ANSWER, SECOND)


@pytest.mark.parametrize(
    "other",
    [
        name_of(SYSTEM, SECOND),
        name_of(FIRST),
        name_of(SYSTEM, FIRST, key="other"),
        name_of(SYSTEM, FIRST, prompt_cache_key="x"),
    ],
)
def test_another_beginning_key_or_name_is_another_conversation(other):
    assert other != name_of(SYSTEM, FIRST)


def test_a_name_given_by_the_caller_counts():
    assert name_of(FIRST, prompt_cache_key="x") == name_of(SECOND, prompt_cache_key="x")


def test_an_endpoint_is_remembered_for_an_hour():
    kept = Conversations()
    kept.remember(b"c", "glm@zai", 100.0)

    assert kept.endpoint(b"c", 100.0 + KEPT_S) == "glm@zai"
    assert kept.endpoint(b"c", 101.0 + KEPT_S) is None


def test_the_longest_unheard_of_is_forgotten_first():
    kept = Conversations()
    for number in range(MOST + 1):
        kept.remember(b"%d" % number, "e", 0.0)

    assert kept.endpoint(b"0", 0.0) is None
    assert kept.endpoint(b"1", 0.0) == "e"
