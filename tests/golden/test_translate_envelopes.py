"""What stands around an answer that was translated: each field that the caller's specification requires."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Translated, Untranslatable, Upstream

USER = {"role": "user", "content": "Hi."}
BODIES: dict[str, dict[str, Any]] = {
    "anthropic": {"model": "m", "max_tokens": 9, "messages": [USER]},
    "openai": {"model": "m", "messages": [USER]},
    "openai_responses": {"model": "m", "input": "Hi."},
}
REPLIES: dict[str, dict[str, Any]] = {
    "openai": {
        "id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."},
                                "finish_reason": "stop"}],
    },
    "anthropic": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "stop_sequence": None, "content": [{"type": "text", "text": "Yes."}],
    },
    "openai_responses": {
        "id": "resp_1", "object": "response", "status": "completed", "model": "m",
        "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "Yes.", "annotations": []}]}],
    },
}  # fmt: skip
AT_REST = {
    "temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "top_logprobs": 0,
    "service_tier": "default", "truncation": "disabled", "store": False, "background": False, "metadata": {},
    "previous_response_id": None, "instructions": None, "error": None, "incomplete_details": None,
    "max_output_tokens": None, "max_tool_calls": None, "safety_identifier": None, "prompt_cache_key": None,
}  # fmt: skip
USAGE = {
    "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
    "output_tokens_details", "cache_creation", "server_tool_use", "service_tier", "inference_geo",
}  # fmt: skip
FROM_RESPONSES = [pair for pair in TRANSLATORS if pair[0] == "openai_responses"]
FROM_MESSAGES = [pair for pair in TRANSLATORS if pair[0] == "anthropic"]


def asked(pair: tuple[str, str], **changes: Any) -> Translated:
    body = {**BODIES[pair[0]], **changes}
    return TRANSLATORS[pair].request(body, Upstream(), model="m", response_id="r", created_at=1)


def answered(pair: tuple[str, str], **changes: Any) -> dict[str, Any]:
    memory = replace(asked(pair, **changes).memory, clock=lambda: 7.9)
    told = WayBack(TRANSLATORS[pair], memory, stream=False).feed(json.dumps(REPLIES[pair[1]]).encode())
    return dict(json.loads(told))


@pytest.mark.parametrize("pair", FROM_RESPONSES)
def test_a_response_names_what_nobody_asked_for_as_it_is_at_rest(pair):
    told = answered(pair)

    assert {name: told[name] for name in AT_REST} == AT_REST
    assert (told["created_at"], told["completed_at"]) == (1, 7)


@pytest.mark.parametrize("pair", FROM_RESPONSES)
def test_a_response_names_what_was_asked_for(pair):
    told = answered(pair, temperature=0, top_p=0.5, service_tier="auto")

    assert (told["temperature"], told["top_p"], told["service_tier"]) == (0, 0.5, "default")


@pytest.mark.parametrize("pair", FROM_MESSAGES)
def test_a_message_has_each_field_of_its_envelope_and_no_more_in_its_texts(pair):
    told = answered(pair)

    assert told.keys() >= {"stop_details", "stop_sequence", "container"}
    assert told["usage"].keys() == USAGE
    assert told["content"] == [{"type": "text", "text": "Yes."}]  # blocks go back to vendors that take nothing else


@pytest.mark.parametrize("pair", FROM_MESSAGES)
def test_what_a_program_called_is_refused_and_what_the_model_called_is_not(pair):
    def turn(caller: object) -> list[dict[str, object]]:
        use = {"type": "tool_use", "id": "toolu_1", "name": "see", "input": {}, "caller": caller}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}
        question: dict[str, object] = {"role": "user", "content": "hi"}
        return [question, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]

    for caller in ({"type": "direct"}, None):  # SDKs that were told none say null
        asked(pair, messages=turn(caller))
    with pytest.raises(Untranslatable, match=r"messages\[1\].content\[0\].caller"):
        asked(pair, messages=turn({"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}))


@pytest.mark.parametrize("pair", FROM_MESSAGES)
def test_messages_without_a_bound_are_refused_as_their_vendor_does(pair):
    with pytest.raises(GatewayError, match="`max_tokens` is missing"):
        asked(pair, max_tokens=None)


def test_penalties_of_open_responses_are_carried_where_the_upstream_has_them():
    body = asked(("openai_responses", "openai"), presence_penalty=0.5, frequency_penalty=-1).body

    assert (body["presence_penalty"], body["frequency_penalty"]) == (0.5, -1)
    asked(("openai_responses", "anthropic"), presence_penalty=0)
    with pytest.raises(Untranslatable, match="presence_penalty"):
        asked(("openai_responses", "anthropic"), presence_penalty=0.5)
