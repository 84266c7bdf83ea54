"""Claims about /v1/messages, asked of Chat endpoints: the official SDK works, and all that a policy says holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.integration.upstreams import KEY, SSE, Upstreams, decision, event, folder, saying, serving, whole
from tests.running import Running, starter

pytestmark = pytest.mark.services
HELLO: Any = [{"role": "user", "content": "Tell me some history."}]
TOOL: Any = {"name": "tide_table", "description": "High water.", "input_schema": {"type": "object"}}
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "total_tokens": 30,
    "prompt_tokens_details": {"cached_tokens": 4},
}
GUARDED = """guards:
  - {name: no-mail-to-a, why: a keeps what it reads, when: {pii: email}, never: {operator: a}}
"""


def reply(content: str | None, finish: str = "stop", **message: Any) -> bytes:
    told = {"role": "assistant", "content": content, **message}
    return whole(200, {"choices": [{"index": 0, "message": told, "finish_reason": finish}], "usage": USAGE})


def delta(finish: str | None = None, **said: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": said, "finish_reason": finish}]})


@pytest.fixture(scope="module")
def vendors() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture
def upstreams(vendors: Upstreams) -> Upstreams:
    """As at their start."""
    vendors.acts.clear()
    vendors.asked.clear()
    return vendors


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vendors: Upstreams) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("messages")
    policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
    policy = policies / "policy.yaml"
    policy.write_text(policy.read_text().replace("guards: []\n", GUARDED))
    started: list[Running] = []
    yield starter(root, started)(policies)
    for each in started:
        each.stop()


@pytest.fixture
def client(running: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=running.url, api_key=KEY, max_retries=0) as made:
        yield made


def sent(upstreams: Upstreams, at: int = -1) -> Any:
    return json.loads(upstreams.asked[at][2])


def test_the_official_sdk_gets_a_whole_message(client, running, upstreams):
    upstreams.acts["a"] = saying(reply("In 1066."))
    raw = client.messages.with_raw_response.create(model="auto", max_tokens=99, system="Be brief.", messages=HELLO)
    told = raw.parse()
    recorded = decision(running, dict(raw.headers))

    assert (told.content[0].text, told.stop_reason, told.model) == ("In 1066.", "end_turn", "auto")
    assert (told.usage.input_tokens, told.usage.cache_read_input_tokens, told.usage.output_tokens) == (6, 4, 20)
    assert upstreams.asked[0][1].startswith(b"POST /a/chat/completions HTTP/1.1\r\n")
    assert sent(upstreams)["messages"] == [{"role": "system", "content": "Be brief."}, *HELLO]
    assert (raw.headers["x-gateway-endpoint"], raw.headers["x-gateway-outcome"]) == ("m@a", "answered")
    assert (recorded["signals"]["kind"], recorded["attempts"][0]["usage"]["input_tokens"]) == ("messages", 10)


def test_the_official_sdk_reads_a_stream_with_thinking_text_and_a_call(client, upstreams):
    upstreams.acts["a"] = saying(
        SSE,
        delta(role="assistant", content=""),
        delta(reasoning_content="The tide "),
        delta(reasoning_content="matters."),
        delta(content="Let me look."),
        delta(tool_calls=[{"index": 0, "id": "call_1", "function": {"name": "tide_table", "arguments": '{"port":'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"Whitby"}'}}]),
        delta("tool_calls"),
        event({"choices": [], "usage": USAGE}),
        b"data: [DONE]\n\n",
    )
    with client.messages.stream(model="auto", max_tokens=99, messages=HELLO, tools=[TOOL]) as stream:
        told = stream.get_final_message()

    assert [block.type for block in told.content] == ["thinking", "text", "tool_use"]
    assert (told.content[0].thinking, told.content[1].text) == ("The tide matters.", "Let me look.")
    assert (told.content[2].id, told.content[2].input) == ("call_1", {"port": "Whitby"})
    assert (told.stop_reason, told.usage.output_tokens) == ("tool_use", 20)
    assert sent(upstreams)["stream_options"] == {"include_usage": True}


def test_a_stream_that_breaks_raises_and_never_looks_like_an_end(client, upstreams):
    long = "Once upon a time there was a port. " * 20  # beyond the hold, so that nobody else may be asked
    upstreams.acts["a"] = saying(SSE, delta(role="assistant", content=long), delta(content=" And then"))
    with (
        pytest.raises((anthropic.APIStatusError, anthropic.APIError)),
        client.messages.stream(model="auto", max_tokens=99, messages=HELLO) as stream,
    ):
        for told in stream:
            assert told.type not in ("message_stop", "message_delta")


def test_a_stream_without_done_ends_as_messages_end(client, upstreams):
    upstreams.acts["a"] = saying(SSE, delta(role="assistant", content="Hi."), delta("length"))
    with client.messages.stream(model="auto", max_tokens=9, messages=HELLO) as stream:
        told = stream.get_final_message()

    assert (told.content[0].text, told.stop_reason) == ("Hi.", "max_tokens")


def test_what_another_endpoint_answers_comes_when_the_first_one_fails(client, upstreams):
    upstreams.acts["a"] = saying(whole(500, {}))
    upstreams.acts["b"] = upstreams.acts["c"] = saying(reply(None, refusal="I will not."))
    told = client.messages.create(model="auto", max_tokens=99, messages=HELLO)

    assert (told.stop_reason, told.content[0].text) == ("refusal", "I will not.")
    assert [name for name, _, _ in upstreams.asked] == ["a", "b", "c"]  # a refusal is gone round as well


def test_a_guard_reads_what_stands_in_blocks_results_and_inputs(client, upstreams):
    mail = "write to ann.example@mail.example.com"
    places: list[Any] = [
        {"system": [{"type": "text", "text": mail}], "messages": HELLO},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": mail}]}]},
        {"messages": [*HELLO,
                      {"role": "assistant", "content": [
                          {"type": "tool_use", "id": "t", "name": "f", "input": {"to": mail}}]},
                      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "sent"}]}]},
        {"messages": [*HELLO,
                      {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
                      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
                          {"type": "text", "text": mail}]}]}]},
    ]  # fmt: skip
    for name in "abc":
        upstreams.acts[name] = saying(reply("Done."))
    for place in places:
        client.messages.create(model="auto", max_tokens=99, **place)

    assert [name for name, _, _ in upstreams.asked] == ["b"] * len(places)


def test_what_is_adapted_is_named_and_refused_where_nothing_may_be(client, upstreams):
    upstreams.acts["a"] = saying(reply("Hi."))
    asked: Any = {"model": "auto", "max_tokens": 9, "messages": HELLO, "metadata": {"user_id": "u"}}
    raw = client.messages.with_raw_response.create(**asked)
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(**asked, extra_headers={"x-gateway-strict": "true"})

    assert raw.headers["x-gateway-adapted"] == "metadata.user_id(user_id->safety_identifier)"
    assert "metadata.user_id" in str(refused.value)
    assert len(upstreams.asked) == 1


@pytest.mark.parametrize(
    ("changes", "status", "kind", "word"),
    [
        ({"top_k": 5}, 400, "invalid_request_error", "top_k"),
        ({"model": "nobody"}, 404, "not_found_error", "nobody"),
        ({"messages": 7}, 400, "invalid_request_error", "messages"),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            400,
            "invalid_request_error",
            "hosted_tools",
        ),
    ],
)
def test_errors_have_the_shape_of_messages_and_nobody_is_asked(running, upstreams, changes, status, kind, word):
    body = {"model": "auto", "max_tokens": 9, "messages": HELLO, **changes}
    got, _, told = running.ask("POST", "/v1/messages", body, headers={"x-api-key": KEY})
    said = json.loads(told)

    assert (got, said["type"], said["error"]["type"]) == (status, "error", kind)
    assert word in said["error"]["message"]
    assert upstreams.asked == []


def test_a_wrong_key_is_told_as_messages_tell_it(running):
    with (
        anthropic.Anthropic(base_url=running.url, api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError),
    ):
        stranger.messages.create(model="auto", max_tokens=9, messages=HELLO)


def test_tokens_are_counted_by_our_estimate_and_nobody_is_asked(client, running, upstreams):
    short = client.messages.count_tokens(model="auto", messages=HELLO)
    long = client.messages.with_raw_response.count_tokens(
        model="auto", system="word " * 500, messages=HELLO, tools=[TOOL]
    )

    assert 3 <= short.input_tokens <= 20
    assert long.parse().input_tokens >= short.input_tokens + 400
    assert long.headers["x-gateway-adapted"] == "input_tokens(estimate)"
    assert not upstreams.asked
    with pytest.raises(anthropic.NotFoundError, match="nobody"):
        client.messages.count_tokens(model="nobody", messages=HELLO)
    with pytest.raises(anthropic.AuthenticationError):
        anthropic.Anthropic(base_url=running.url, api_key="x", max_retries=0).messages.count_tokens(
            model="auto", messages=HELLO
        )
    said = running.ask(
        "POST", "/v1/responses/input_tokens", {"model": "auto", "input": "Hi"}, headers={"x-api-key": KEY}
    )
    assert json.loads(said[2])["object"] == "response.input_tokens"


def test_a_model_may_be_asked_for_with_the_mark_of_a_long_context(client, upstreams):
    upstreams.acts["a"] = saying(reply("In 1066."))
    told = client.messages.create(model="auto[1m]", max_tokens=99, messages=HELLO)

    assert told.content[0].text == "In 1066."
    assert sent(upstreams)["model"] == "up-a"


def test_models_are_listed_as_anthropic_s_clients_read_them(client):
    assert {model.id for model in client.models.list()} == {"auto", "m", "w"}
    assert client.models.retrieve("m").type == "model"
