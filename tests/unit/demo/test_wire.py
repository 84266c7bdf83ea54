"""Claims about replies on the wire: whole and streamed are one reply, and the bill counts what was said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.vendors import VENDORS, prose, saying, wire
from gateway.demo.vendors.asked import Asked
from gateway.demo.vendors.refusals import Say

ASKED = Asked("chat", "hi", 130, 64, None, True, True, 1, "simulated-1")
SAYS = st.builds(Say, st.text(max_size=80), st.sampled_from(["stop", "sensitive"]), st.text(max_size=40))
CHINESE, _, WESTERN = VENDORS


def events(asked: Asked, say: Say, vendor=CHINESE) -> list[dict[str, Any]]:
    chunks = list(wire.chunks(asked, say, vendor, usage=True))
    assert chunks.pop() == b"data: [DONE]\n\n"
    return [json.loads(chunk.removeprefix(b"data: ")) for chunk in chunks]


@pytest.mark.thorough
@given(SAYS)
def test_a_stream_adds_up_to_the_whole_reply(say):
    whole = json.loads(wire.whole(ASKED, say, CHINESE, usage=True))
    *said, last = events(ASKED, say)
    deltas = [event["choices"][0]["delta"] for event in said]

    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
    assert said[-1]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert last == {**last, "choices": [], "usage": whole["usage"]}


@given(SAYS)
def test_the_usage_counts_text_and_thoughts(say):
    usage = json.loads(wire.whole(ASKED, say, CHINESE, usage=True))["usage"]

    assert usage["completion_tokens"] == len(prose.tokens(say.text)) + len(prose.tokens(say.thoughts))
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"] == usage["prompt_tokens"]


@given(SAYS, st.integers(1, 60))
def test_no_reply_is_longer_than_max_tokens(say, most):
    cut = saying.cut_to_length(say, most)

    assert (
        len(prose.tokens(cut.text)) + len(prose.tokens(cut.thoughts)) <= max(most, 0) + 1
    )  # a cut may part two pieces


def test_only_the_chinese_vendor_bills_with_deepseek_fields():
    usage = json.loads(wire.whole(ASKED, Say("hi"), WESTERN, usage=True))["usage"]

    assert "prompt_cache_hit_tokens" not in usage


def test_a_caller_who_did_not_ask_for_usage_gets_no_usage_chunk():
    silent = events(replace(ASKED, include_usage=False), Say("hi"))

    assert [event for event in silent if "usage" in event] == []


def test_every_choice_is_answered():
    said = events(replace(ASKED, choices=3, include_usage=False), Say("hi"))

    finished = [event["choices"][0]["index"] for event in said if event["choices"][0]["finish_reason"]]
    assert finished == [0, 1, 2]
