"""Claims about upstreams that speak Anthropic's or the Responses' wire to callers who speak it too: bytes, metered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.integration.upstreams import KEY, SSE, Upstreams, decision, folder, saying, serving, whole
from tests.native_replies import MESSAGE, RESPONSE, TEXT, event, messages, responses, text
from tests.running import Running, starter

pytestmark = pytest.mark.services
VERSION = re.compile(rb"anthropic-version: (\S+)\r\n")
HELLO: Any = [{"role": "user", "content": "Tell me some history."}]


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
    root = tmp_path_factory.mktemp("native")
    policies = folder(root / "policies", {name: vendors.url(name) for name in "abcde"}, key_env="GATEWAY_KEY_VENDOR")
    rows = policies / "catalog" / "all.yaml"
    parts = rows.read_text().split("  - {id: ")
    wires = {"m@a": "anthropic, takes: {messages_version: 2026-10-21}", "m@b": "openai_responses"}
    wires |= {"m@d": "anthropic", "m@e": "openai_responses"}  # which no test has broken
    for name, wire in wires.items():
        parts = [part.replace("api: openai", f"api: {wire}") if part.startswith(name) else part for part in parts]
    rows.write_text("  - {id: ".join(parts))
    started: list[Running] = []
    yield starter(root, started)(policies, environment={"GATEWAY_KEY_VENDOR": "vendor-secret-0123456789"})
    for each in started:
        each.stop()


@pytest.fixture
def claude(running: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=running.url, api_key=KEY, max_retries=0) as made:
        yield made


@pytest.fixture
def gpt(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as made:
        yield made


def sent(upstreams: Upstreams) -> Any:
    return json.loads(upstreams.asked[-1][2])


def test_a_whole_message_passes_and_is_billed(claude, running, upstreams):
    upstreams.acts["a"] = saying(whole(200, MESSAGE))
    raw = claude.messages.with_raw_response.create(model="m@a", max_tokens=99, messages=HELLO, extra_body={"top_k": 7})
    attempt = decision(running, dict(raw.headers))["attempts"][0]
    head = upstreams.asked[0][1].lower()

    assert json.loads(raw.http_response.content) == MESSAGE
    assert sent(upstreams) == {"model": "up-a", "max_tokens": 99, "messages": HELLO, "top_k": 7}
    assert head.startswith(b"post /a/messages http/1.1")
    assert b"x-api-key: vendor-secret-0123456789\r\n" in head
    assert VERSION.findall(head) == [b"2026-10-21"]  # the SDK's own
    assert b"authorization" not in head
    assert (attempt["usage"]["input_tokens"], attempt["usage"]["cached_tokens"]) == (10, 4)
    assert (attempt["usage"]["output_tokens"], raw.headers["x-gateway-outcome"]) == (20, "answered")


def test_features_are_carried_to_their_wire_and_named_where_they_are_left_out(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, MESSAGE))
    betas = {"x-api-key": KEY, "anthropic-beta": "context-1m-2025-08-07, oauth-2025-04-20"}
    body = {"model": "m@a", "max_tokens": 9, "messages": HELLO}
    _, headers, _ = running.ask("POST", "/v1/messages", body, headers=betas)
    head = upstreams.asked[-1][1].lower()

    assert b"anthropic-beta: context-1m-2025-08-07\r\n" in head
    assert headers["x-gateway-adapted"] == "anthropic-beta(oauth-2025-04-20 left out)"
    assert running.ask("POST", "/v1/messages", body, headers=betas | {"x-gateway-strict": "true"})[0] == 400
    _, headers, _ = running.ask("POST", "/v1/messages", body | {"model": "w@c"}, headers=betas)
    assert b"anthropic" not in upstreams.asked[-1][1].lower()
    assert headers["x-gateway-adapted"] == "anthropic-beta(left out)"
    assert decision(running, headers)["attempts"][0]["adapted"] == ["anthropic-beta(left out)"]


def test_the_version_of_messages_is_the_caller_s_where_its_dialect_is_spoken(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, MESSAGE))
    body = {"model": "m@a", "max_tokens": 9, "messages": HELLO}
    newer = {"anthropic-version": "2026-10-21", "x-gateway-strict": "true"}
    said = []
    for path, key, more in (
        ("/v1/messages", {"x-api-key": KEY}, newer),
        ("/v1/messages", {"x-api-key": KEY}, {}),
        ("/v1/chat/completions", {"authorization": f"Bearer {KEY}"}, newer),  # `temperature` may come of it
    ):
        assert running.ask("POST", path, body, headers=key | more)[0] == 200
        said += VERSION.findall(upstreams.asked[-1][1].lower())

    assert said == [b"2026-10-21", b"2023-06-01", b"2023-06-01"]
    wrong = {"x-api-key": KEY, "anthropic-version": "2020-01-01", "x-gateway-strict": "true"}
    assert running.ask("POST", "/v1/messages", body, headers=wrong)[0] == 400


def test_what_another_endpoint_thought_is_left_out_by_name(running, upstreams):
    ours = {"type": "thinking", "thinking": "hm", "signature": "entrepot-reasoning-1"}
    theirs = {"type": "thinking", "thinking": "so", "signature": "EqQB"}
    said = {"type": "text", "text": "Yes."}
    history = [HELLO[0], {"role": "assistant", "content": [ours, theirs, said]}, {"role": "user", "content": "Go on."}]
    upstreams.acts["a"] = saying(whole(200, MESSAGE))
    body = {"model": "m@a", "max_tokens": 9, "messages": history}
    headers = running.ask("POST", "/v1/messages", body, headers={"x-api-key": KEY})[1]

    assert sent(upstreams)["messages"] == [history[0], {"role": "assistant", "content": [theirs, said]}, history[2]]
    assert headers["x-gateway-adapted"] == "messages[1].content[0](thinking of another vendor, left out)"
    strict = {"x-api-key": KEY, "x-gateway-strict": "true"}
    assert running.ask("POST", "/v1/messages", body, headers=strict)[0] == 400
    item = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "entrepot-reasoning-1:x:e30="}
    upstreams.acts["b"] = saying(whole(200, RESPONSE))
    asked = {"model": "m@b", "store": False, "input": [item, {"role": "user", "content": "Hi"}]}
    running.ask("POST", "/v1/responses", asked, headers={"x-api-key": KEY})
    assert sent(upstreams)["input"] == [{"role": "user", "content": "Hi"}]


def test_what_chat_applications_read_when_they_look_for_models_is_there(running):
    """Open WebUI: routers/openai.py, get_all_models. LibreChat: packages/api endpoints/models.ts, fetchModels."""
    bearer = {"authorization": f"Bearer {KEY}"}
    webui = {**bearer, "content-type": "application/json", "x-openwebui-user-name": "Ann%20B"}
    listed = json.loads(running.ask("GET", "/v1/models", headers=webui)[2])
    kept = [model for model in listed["data"] if model.get("id") or model.get("name")]
    merged = [
        {**model, "name": model.get("name", model["id"]), "owned_by": "openai", "openai": model} for model in kept
    ]
    chats = json.loads(running.ask("GET", "/v1/models?user=65f0", headers=bearer)[2])["data"]
    claude = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    anthropic_s = json.loads(running.ask("GET", "/v1/models", headers=claude)[2])["data"]

    assert "error" not in listed
    assert [model["name"] for model in merged] == ["auto", "m", "w"]
    assert [model["id"] for model in chats] == [model["id"] for model in anthropic_s] == ["auto", "m", "w"]


def test_a_stream_of_messages_passes_as_it_is(claude, running, upstreams):
    thinking = ({"type": "thinking", "thinking": "", "signature": ""}, [
        {"type": "thinking_delta", "thinking": "The tide."}, {"type": "signature_delta", "signature": "EqQB"},
    ])  # fmt: skip
    call = ({"type": "tool_use", "id": "toolu_1", "name": "tide", "input": {}},
            [{"type": "input_json_delta", "partial_json": '{"port": "Whitby"}'}])  # fmt: skip
    parts = messages(thinking, text(TEXT), call, stop="tool_use")
    upstreams.acts["a"] = saying(SSE, *parts)
    body = {"model": "m@a", "max_tokens": 99, "messages": HELLO, "stream": True}
    status, headers, said = running.ask("POST", "/v1/messages", body, headers={"x-api-key": KEY})
    attempt = decision(running, headers)["attempts"][0]

    assert (status, said) == (200, b"".join(parts))
    assert (attempt["outcome"], attempt["finish_reason"]) == ("answered", "tool_use")
    assert (attempt["usage"]["input_tokens"], attempt["usage"]["output_tokens"]) == (10, 20)
    with claude.messages.stream(model="m@a", max_tokens=99, messages=HELLO) as stream:
        told = stream.get_final_message()
    assert [block.type for block in told.content] == ["thinking", "text", "tool_use"]


@pytest.mark.parametrize(
    ("stop", "words", "outcome"),
    [("refusal", "", "declined"), ("refusal", "I cannot help with that.", "declined"), ("max_tokens", TEXT, "answered"),
     ("model_context_window_exceeded", TEXT, "truncated"), ("end_turn", "", "blank")],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_stop_reasons_of_messages_are_outcomes(running, upstreams, stop, words, outcome, stream):
    content = [{"type": "text", "text": words}] if words else []
    parts = [SSE, *messages(*([text(words)] if words else []), stop=stop)]
    upstreams.acts["a"] = (
        saying(*parts) if stream else saying(whole(200, {**MESSAGE, "content": content, "stop_reason": stop}))
    )
    body = {"model": "m@a", "max_tokens": 99, "messages": HELLO, "stream": stream}
    _, headers, _ = running.ask("POST", "/v1/messages", body, headers={"x-api-key": KEY})

    assert decision(running, headers)["attempts"][-1]["outcome"] == outcome


def test_a_vendor_s_400_passes_with_its_words(claude, upstreams):
    wrong = {"type": "error", "error": {"type": "invalid_request_error", "message": "top_k: must be positive"}}
    upstreams.acts["a"] = saying(whole(400, wrong))
    with pytest.raises(anthropic.BadRequestError, match="top_k: must be positive"):
        claude.messages.create(model="m@a", max_tokens=99, messages=HELLO, extra_body={"top_k": -1})


@pytest.mark.parametrize("cut", [3, 6, -1, "error"])
def test_a_stream_of_messages_that_breaks_raises(claude, upstreams, cut):
    parts = messages(text(TEXT))
    broken = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    error = b"event: error\ndata: " + json.dumps(broken).encode() + b"\n\n"
    parts = [*parts[:5], error] if cut == "error" else parts[:-2] if cut == -1 else parts[:cut]
    upstreams.acts["a"] = saying(SSE, *parts)
    with (
        pytest.raises((anthropic.APIStatusError, anthropic.APIError)),
        claude.messages.stream(model="m@a", max_tokens=99, messages=HELLO) as stream,
    ):
        assert all(told.type != "message_stop" for told in stream)


def test_an_overloaded_vendor_is_passed_over_and_its_own_error_never_shown(claude, upstreams):
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    upstreams.acts["a"] = saying(whole(529, overloaded))
    with pytest.raises(anthropic.APIStatusError) as raised:
        claude.messages.create(model="m@a", max_tokens=99, messages=HELLO)

    assert raised.value.status_code in (502, 503)
    assert raised.value.body["type"] == "error"  # type: ignore[index]


def test_a_whole_response_passes_and_is_not_stored(gpt, running, upstreams):
    upstreams.acts["b"] = saying(whole(200, RESPONSE))
    raw = gpt.responses.with_raw_response.create(model="m@b", input="Tell me some history.")
    attempt = decision(running, dict(raw.headers))["attempts"][0]

    assert json.loads(raw.http_response.content) == RESPONSE
    assert sent(upstreams) == {"model": "up-b", "input": "Tell me some history.", "store": False}
    assert raw.headers["x-gateway-adapted"] == "store(absent->false)"
    assert upstreams.asked[0][1].startswith(b"POST /b/responses HTTP/1.1\r\n")
    assert (attempt["usage"]["input_tokens"], attempt["usage"]["cached_tokens"]) == (10, 4)
    assert (attempt["usage"]["output_tokens"], attempt["usage"]["reasoning_tokens"]) == (20, 5)


def test_a_stream_of_responses_passes_as_it_is(gpt, running, upstreams):
    parts = responses(event("response.completed", response=RESPONSE, sequence_number=7))
    upstreams.acts["b"] = saying(SSE, *parts)
    body = {"model": "m@b", "input": "Tell me some history.", "store": False, "stream": True}
    status, headers, said = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})
    attempt = decision(running, headers)["attempts"][0]

    assert (status, said) == (200, b"".join(parts))
    assert (attempt["outcome"], attempt["usage"]["output_tokens"]) == ("answered", 20)
    with gpt.responses.stream(model="m@b", input="Tell me some history.") as stream:
        assert stream.get_final_response().output_text == TEXT


def ended(status: str, **fields: Any) -> dict[str, Any]:
    return {**RESPONSE, "status": status, **fields}


def test_the_error_of_a_broken_stream_of_responses_is_numbered_after_its_last_event(running, upstreams):
    upstreams.acts["b"] = saying(SSE, *responses(b"")[:5])
    body = {"model": "m@b", "input": "Hi", "stream": True, "store": False}
    _, _, said = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})
    told = [json.loads(line[6:]) for line in said.decode().splitlines() if line.startswith("data: {")]

    assert told[-1]["type"] == "error"
    assert [event["sequence_number"] for event in told] == list(range(6))


def test_a_response_that_failed_is_no_answer(running, upstreams):
    failed = ended("failed", error={"code": "server_error", "message": "It broke."}, output=[])
    upstreams.acts["b"] = saying(SSE, *responses(event("response.failed", response=failed, sequence_number=7)))
    body = {"model": "m@b", "input": "Tell me some history.", "stream": True}
    _, headers, said = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})

    assert b"response.completed" not in said
    assert b"event: error\n" in said or b"response.failed" in said
    assert decision(running, headers)["attempts"][-1]["outcome"] == "failed"


@pytest.mark.parametrize(("reason", "outcome"), [("max_output_tokens", "truncated"), ("content_filter", "filtered")])
def test_a_response_that_is_incomplete_says_why(running, upstreams, reason, outcome):
    cut = ended("incomplete", incomplete_details={"reason": reason})
    upstreams.acts["b"] = saying(whole(200, cut))
    body = {"model": "m@b", "input": "Tell me some history."}
    _, headers, _ = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})

    assert decision(running, headers)["attempts"][-1]["outcome"] == outcome


def test_a_refusal_part_is_a_refusal(running, upstreams):
    item = {**RESPONSE["output"][0], "content": [{"type": "refusal", "refusal": "I cannot help with that."}]}
    upstreams.acts["b"] = saying(whole(200, ended("completed", output=[item])))
    body = {"model": "m@b", "input": "Tell me some history."}
    _, headers, _ = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})

    assert decision(running, headers)["attempts"][-1]["outcome"] == "declined"


@pytest.mark.parametrize("field", [{"previous_response_id": "resp_0"}, {"background": True},
                                   {"conversation": "conv_0"}])  # fmt: skip
def test_state_that_a_vendor_would_keep_is_refused_by_name(gpt, upstreams, field):
    with pytest.raises((openai.BadRequestError, openai.PermissionDeniedError)) as raised:
        gpt.responses.create(model="m@b", input="Hi", **field)

    assert f"`{next(iter(field))}`" in str(raised.value)
    assert not upstreams.asked


def test_a_vendor_that_refuses_our_key_is_told_of_in_the_log_and_when_it_answers_again(running, upstreams):
    body = {"model": "w@c", "messages": HELLO}
    key = {"authorization": f"Bearer {KEY}"}
    upstreams.acts["c"] = saying(whole(401, {"error": {"message": "Incorrect API key provided: sk-12345"}}))
    assert running.ask("POST", "/v1/chat/completions", body, headers=key)[0] == 502
    del upstreams.acts["c"]
    assert running.ask("POST", "/v1/chat/completions", body, headers=key)[0] == 200

    assert running.counts("gateway_failures_total", 1, endpoint="w@c", kind="our_key")
    log = running.log.read_text()
    assert "w@c fails, our_key: HTTP 401: our key was not accepted\n" in log
    assert "w@c answers again" in log
    assert "sk-12345" not in log


AT_FAULT = {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: too large"}}
UNBLAMED = {  # by the vendor, what it says
    "Messages: 400": ("d", whole(400, AT_FAULT)),
    "Messages: a mistake inside 200": ("d", whole(200, AT_FAULT)),
    "Messages: a refusal": ("d", whole(200, {**MESSAGE, "content": [], "stop_reason": "refusal"})),
    "Responses: 400": ("e", whole(400, {"error": {"message": "no", "type": "invalid_request_error"}})),
    "Responses: a filter": (
        "e", whole(200, ended("incomplete", incomplete_details={"reason": "content_filter"}, output=[]))
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("fault", UNBLAMED)
def test_callers_own_mistakes_and_filters_rest_no_endpoint_on_any_wire(running, upstreams, fault, path):
    vendor, reply = UNBLAMED[fault]
    body = {"model": f"m@{vendor}", "max_tokens": 9, "messages": HELLO}
    upstreams.acts[vendor] = saying(reply)
    for _ in range(5):
        running.ask("POST", path, body, headers={"x-api-key": KEY})
    asked = len(upstreams.asked)
    upstreams.acts[vendor] = saying(whole(200, MESSAGE if vendor == "d" else RESPONSE))

    assert asked == 5
    assert running.ask("POST", path, body, headers={"x-api-key": KEY})[0] == 200
