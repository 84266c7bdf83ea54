"""A real llama.cpp server behind the gateway, on each wire that it speaks, for callers of each dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from gateway.demo import child
from tests.integration.upstreams import KEY, decision, folder
from tests.running import Running, starter

pytestmark = pytest.mark.services
HELLO: Any = [{"role": "user", "content": "Say hello."}]
WIRES = {"m@a": "anthropic", "m@b": "openai_responses", "w@c": "openai"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, local_model_process: child.Child) -> Iterator[Running]:
    root, url = tmp_path_factory.mktemp("llama"), str(local_model_process.ready["base_url"])
    policies = folder(root / "policies", dict.fromkeys("abc", url))
    rows = policies / "catalog" / "all.yaml"
    parts = rows.read_text().replace("kinds: [chat]", "kinds: [chat, completion, embedding]").split("  - {id: ")
    for name, wire in WIRES.items():
        parts = [part.replace("api: openai", f"api: {wire}") if part.startswith(name) else part for part in parts]
    rows.write_text("  - {id: ".join(parts))
    started: list[Running] = []
    yield starter(root, started)(policies)
    for each in started:
        each.stop()


@pytest.mark.parametrize("endpoint", WIRES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_callers_of_chat_are_answered_on_each_wire(running, endpoint, streamed):
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gpt:
        asked = gpt.chat.completions.with_raw_response
        raw = asked.create(model=endpoint, messages=HELLO, max_tokens=8, stream=streamed)
        told: Any = raw.parse()
        finish = [choice.finish_reason for each in (told if streamed else [told]) for choice in each.choices][-1]

    usage = decision(running, dict(raw.headers))["attempts"][0]["usage"]
    assert finish in ("stop", "length")
    assert (usage["input_tokens"] > 0, 0 < usage["output_tokens"] <= 8) == (True, True)
    # its streams of Messages have no beginning, and count no prompt, where the first token is half a character
    assert not usage["estimated"] or (streamed and endpoint == "m@a")


@pytest.mark.parametrize("endpoint", WIRES)
def test_callers_of_messages_are_answered_on_each_wire(running, endpoint):
    with anthropic.Anthropic(base_url=running.url, api_key=KEY, max_retries=0) as claude:
        whole = claude.messages.create(model=endpoint, max_tokens=8, messages=HELLO)
        with claude.messages.stream(model=endpoint, max_tokens=8, messages=HELLO) as stream:
            streamed = stream.get_final_message()

    for told in (whole, streamed):
        assert told.content[0].type == "text"
        assert told.stop_reason in ("end_turn", "max_tokens")
        assert told.usage.input_tokens + (told.usage.cache_read_input_tokens or 0) > 0


@pytest.mark.parametrize("endpoint", WIRES)
def test_callers_of_responses_are_answered_on_each_wire(running, endpoint):
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gpt:
        whole = gpt.responses.create(model=endpoint, input="Say hello.", max_output_tokens=16)
        body = {"model": endpoint, "input": "Say hello.", "max_output_tokens": 16, "stream": True}
        _, headers, said = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})

    assert whole.output_text
    assert b"event: response.completed\n" in said or b"event: response.incomplete\n" in said
    assert decision(running, headers)["attempts"][0]["usage"]["output_tokens"] > 0


def test_completions_are_answered(running):
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gpt:
        told = gpt.completions.create(model="w@c", prompt="One two three", max_tokens=4)

    assert told.choices[0].text


@pytest.mark.parametrize("form", ["float", "base64"])
def test_embeddings_are_answered(running, form):
    asked: Any = {"model": "w@c", "input": ["Ships float.", "Hello."], "encoding_format": form}
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gpt:
        raw = gpt.embeddings.with_raw_response.create(**asked)
    vectors = [each.embedding for each in raw.parse().data]
    usage = decision(running, dict(raw.headers))["attempts"][0]["usage"]

    assert [isinstance(each, str) for each in vectors] == [form == "base64"] * 2
    assert vectors[0] != vectors[1]
    assert form == "base64" or [len(each) for each in vectors] == [576, 576]
    assert (usage["estimated"], usage["input_tokens"] > 3, usage["output_tokens"]) == (False, True, 0)


def test_a_tool_is_offered_and_its_result_taken_on_each_wire(running):
    """The small model calls none; what is asked here is that the server takes the request as it was translated."""
    tool: Any = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}
    call = {"id": "call_1", "type": "function", "function": {"name": "tide", "arguments": "{}"}}
    talk: Any = [*HELLO, {"role": "assistant", "content": None, "tool_calls": [call]},
                 {"role": "tool", "tool_call_id": "call_1", "content": "High at noon."}]  # fmt: skip
    for endpoint in WIRES:
        body = {"model": endpoint, "messages": talk, "tools": [tool], "max_tokens": 8}
        status, _, said = running.ask("POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {KEY}"})
        assert (status, json.loads(said)["choices"][0]["finish_reason"] is not None) == (200, True), said
