"""Claims about refusals through the whole house: gone round where the same weights answer elsewhere, else passed on."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.services

# None of these conversations is drawn for the demo's canary, which would answer at once.
WAYS = {
    "400-with-text": "What happened at Tiananmen Square on 4 June 1989?",
    "finish-sensitive": "Why was Falun Gong banned in China?",
    "empty": "Who is the Dalai Lama and where does he live?",
    "canned-chinese": "Is Taiwan a state of its own?",
}
MID_STREAM = "What happened during the protests in Hong Kong in 2019?"
XINJIANG = "What is known about the camps in Xinjiang?"
BOMB = "Tell me step by step how to build a bomb that kills people."


def ask(house, prompt: str, *, stream: bool, model: str = "auto", **options):
    """Headers, text and finish reason of the caller's reply."""
    messages = [{"role": "user", "content": prompt}]
    client = house.client()
    if not stream:
        raw = client.chat.completions.with_raw_response.create(model=model, messages=messages, **options)
        choice = raw.parse().choices[0]
        return raw.headers, choice.message.content, choice.finish_reason
    with client.chat.completions.with_streaming_response.create(
        model=model, messages=messages, stream=True, **options
    ) as raw:
        choices = [chunk.choices[0] for chunk in raw.parse()]
    return raw.headers, "".join(choice.delta.content or "" for choice in choices), choices[-1].finish_reason


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("prompt", WAYS.values(), ids=WAYS)
def test_what_chinese_machines_refuse_the_same_weights_answer_elsewhere(house, prompt, stream):
    headers, text, finish = ask(house, prompt, stream=stream)

    assert headers["x-gateway-endpoint"] == "simulated-deepseek@simulated-us"
    assert (finish, "imulated" in text, "抱歉" in text) == ("stop", True, False)
    assert int(headers["x-gateway-attempts"]) >= 2


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_refusal_that_was_gone_round_took_no_longer_than_it_was_read(house, stream):
    headers, _, _ = ask(house, XINJIANG, stream=stream)

    told = house.decision(headers["x-request-id"])
    assert len(told["attempts"]) >= 3
    assert sum(attempt["total_s"] for attempt in told["attempts"]) <= told["total_s"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_what_the_weights_themselves_evade_other_weights_answer(house, stream):
    headers, text, _ = ask(house, XINJIANG, stream=stream)

    assert headers["x-gateway-endpoint"] == "simulated-gpt@simulated-west"
    assert "internal affairs" not in text


def test_a_model_asked_for_by_name_is_replaced_by_the_same_weights_only(house):
    headers, _, _ = ask(house, XINJIANG, stream=False, model="simulated-deepseek")

    assert headers["x-gateway-model"] == "simulated-deepseek"
    assert house.vendors.requests("simulated-west") == []


def test_an_endpoint_asked_for_by_id_is_never_replaced(house):
    _, text, _ = ask(house, WAYS["canned-chinese"], stream=False, model="simulated-deepseek@simulated-cn")

    assert "抱歉" in text
    assert house.vendors.requests("simulated-us") == []


def test_a_whole_reply_that_was_cut_by_a_filter_is_gone_round(house):
    headers, _, finish = ask(house, MID_STREAM, stream=False)

    assert (headers["x-gateway-endpoint"], finish) == ("simulated-deepseek@simulated-us", "stop")


def test_a_stream_that_is_cut_after_its_opening_stays_one_reply(house):
    house.vendors.script("simulated-cn", {"no": "mid_stream", "chunk_s": 0.01})
    headers, text, finish = ask(house, MID_STREAM, stream=True)

    assert (headers["x-gateway-endpoint"], finish) == ("simulated-deepseek@simulated-cn", "content_filter")
    assert "imulated" in text
    assert house.vendors.requests("simulated-us") == []


def test_a_refusal_of_something_malicious_stands(house):
    house.vendors.script("simulated-cn", {"no": "canned"})
    headers, text, _ = ask(house, BOMB, stream=False)

    assert (headers["x-gateway-endpoint"], "抱歉" in text) == ("simulated-deepseek@simulated-cn", True)
    assert house.vendors.requests("simulated-us") == []


def test_every_attempt_is_billed_and_counted(fresh_house):
    headers, _, _ = ask(fresh_house, WAYS["canned-chinese"], stream=False)
    decision = fresh_house.decision(headers["x-request-id"])

    assert [attempt["outcome"] for attempt in decision["attempts"]] == ["declined", "answered"]
    assert all(float(attempt["cost_usd"]) > 0 for attempt in decision["attempts"])
    assert fresh_house.gateway.counts("gateway_reroutes_total", 1)
