"""What a vendor keeps of a conversation belongs to the team that made it, on the endpoint that keeps it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.integration.upstreams import KEY, SSE, Upstreams, decision, folder, saying, serving, whole
from tests.native_replies import RESPONSE, TEXT, event, responses
from tests.running import Running, starter

pytestmark = pytest.mark.services
OTHERS = "gw-other-team"
COMPLETED = event("response.completed", response={**RESPONSE, "id": "resp_1"}, sequence_number=7)


@pytest.fixture(scope="module")
def vendors() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture
def upstreams(vendors: Upstreams) -> Upstreams:
    vendors.acts.clear()
    vendors.asked.clear()
    return vendors


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vendors: Upstreams) -> Iterator[Running]:
    """m@a and m@b keep what they are told to; w@c speaks Chat and keeps nothing."""
    root = tmp_path_factory.mktemp("stored")
    policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
    rows = policies / "catalog" / "all.yaml"
    keeps = 'api: openai_responses, can: [stored_state], base_url: "URL/'
    text = rows.read_text()
    for name in "ab":
        url = vendors.url(name)
        text = text.replace(f'api: openai, base_url: "{url}"', keeps.replace("URL/", url) + '"')
    rows.write_text(text)
    digest = hashlib.sha256(OTHERS.encode()).hexdigest()
    callers = policies / "callers.yaml"
    written = callers.read_text().replace("teams: {", "teams: {u: {data_class: public}, ")
    callers.write_text(written.replace("keys: [", f'keys: [{{id: o, team: u, sha256: "{digest}"}}, '))
    started: list[Running] = []
    yield starter(root, started)(policies)
    for each in started:
        each.stop()


def client(running: Running, key: str = KEY) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{running.url}/v1", api_key=key, max_retries=0)


def sent(upstreams: Upstreams) -> Any:
    return json.loads(upstreams.asked[-1][2])


@pytest.fixture
def kept(running: Running, upstreams: Upstreams) -> Any:
    """A response that m@a keeps."""
    upstreams.acts["a"] = saying(whole(200, RESPONSE))
    with client(running) as gpt:
        return gpt.responses.create(model="m@a", input="Hi", store=True)


def test_ids_of_what_is_kept_leave_sealed_and_come_back_as_they_were(running, upstreams, kept):
    assert sent(upstreams)["store"] is True
    assert kept.id.startswith("resp_gw1-")
    assert kept.output[0].id.startswith("msg_gw1-")
    assert kept.output_text == TEXT
    reference: Any = {"type": "item_reference", "id": kept.output[0].id}
    with client(running) as gpt:
        asked: Any = [reference, {"role": "user", "content": "And then?"}]
        gpt.responses.create(model="auto", input=asked, previous_response_id=kept.id, store=True)

    assert upstreams.asked[-1][0] == "a"
    assert sent(upstreams)["previous_response_id"] == "resp_1"
    assert sent(upstreams)["input"][0] == {"type": "item_reference", "id": "msg_1"}


def test_a_kept_stream_s_ids_are_sealed_alike_in_all_its_events(running, upstreams):
    upstreams.acts["a"] = saying(SSE, *responses(COMPLETED))
    with client(running) as gpt, gpt.responses.stream(model="m@a", input="Hi", store=True) as stream:
        events = list(stream)
        told = stream.get_final_response()

    assert told.output_text == TEXT
    body = {"model": "m@a", "input": "Hi", "store": True, "stream": True}
    _, _, said = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})
    assert b'"resp_1"' not in said
    assert b'"msg_1"' not in said
    whole_ids = {each.response.id for each in events if hasattr(each, "response")}
    assert whole_ids == {told.id}


@pytest.mark.parametrize("stream", [False, True])
def test_what_another_team_made_is_refused_and_nobody_is_asked(running, upstreams, kept, stream):
    upstreams.asked.clear()
    with client(running, OTHERS) as gpt, pytest.raises(openai.BadRequestError, match="previous_response_id"):
        gpt.responses.create(model="m@a", input="Hi", previous_response_id=kept.id, stream=stream)
    assert not upstreams.asked


FOREIGN: dict[str, Any] = {
    "previous_response_id": {"previous_response_id": "resp_1"},
    "conversation": {"conversation": "conv_1"},
    "conversation object": {"conversation": {"id": "conv_1"}},
    "prompt": {"prompt": {"id": "pmpt_1"}},
    "item_reference": {"input": [{"type": "item_reference", "id": "msg_1"}]},
    "an id alone": {"input": [{"id": "msg_1"}], "store": False},
    "file_id": {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]}]},
    "image": {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]}]},
    "background": {"background": True},
}


@pytest.mark.parametrize("fields", FOREIGN.values(), ids=FOREIGN)
def test_ids_that_were_not_handed_out_here_are_refused_by_name(running, upstreams, fields):
    body = {"model": "m@a", "input": "Hi", "store": True, **fields}
    status, _, said = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})
    named = json.loads(said)["error"]["param"]

    assert status == 400
    assert named.split(".")[0].split("[")[0] == next(iter(fields))
    assert not upstreams.asked


def test_a_sealed_id_that_was_changed_is_refused(running, upstreams, kept):
    changed = kept.id[:-3] + ("AAA" if kept.id[-3:] != "AAA" else "BBB")
    upstreams.asked.clear()
    with client(running) as gpt, pytest.raises(openai.BadRequestError):
        gpt.responses.create(model="m@a", input="Hi", previous_response_id=changed)
    assert not upstreams.asked


def test_what_one_endpoint_keeps_is_asked_of_no_other(running, upstreams, kept):
    upstreams.asked.clear()
    with client(running) as gpt, pytest.raises(openai.BadRequestError, match="m@a keeps"):
        gpt.responses.create(model="m@b", input="Hi", previous_response_id=kept.id)
    upstreams.acts["a"] = saying(whole(500, {"error": {"message": "oops"}}))
    with client(running) as gpt, pytest.raises(openai.InternalServerError):
        gpt.responses.create(model="auto", input="Hi", previous_response_id=kept.id)

    assert [name for name, _, _ in upstreams.asked] == ["a"]


def test_what_is_not_kept_passes_as_bytes(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, RESPONSE))
    body = {"model": "m@a", "input": "Hi", "store": False}
    _, _, said = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})

    assert json.loads(said) == RESPONSE


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions"])
def test_where_nothing_can_be_kept_to_keep_is_adapted_by_name(running, upstreams, path):
    content = {"input": "Hi"} if "responses" in path else {"messages": [{"role": "user", "content": "Hi"}]}
    body = {"model": "w@c", "store": True, **content}
    key = {"authorization": f"Bearer {KEY}"}
    status, headers, _ = running.ask("POST", path, body, headers=key)
    attempt = decision(running, headers)["attempts"][0]

    assert (status, headers["x-gateway-adapted"]) == (200, "store(true->false)")
    assert attempt["adapted"] == ["store(true→false)"]
    assert sent(upstreams).get("store") in (None, False)
    status, _, said = running.ask("POST", path, body, headers=key | {"x-gateway-strict": "true"})
    assert (status, json.loads(said)["error"]["param"]) == (400, "store")


FIND = {"type": "function", "name": "find", "parameters": {"type": "object", "properties": {}}}
MENU = {"tools": [FIND, {"type": "web_search"}], "client_metadata": {"session_id": "s"}}


@pytest.mark.parametrize(("model", "act"), [("w@c", None), ("m@a", RESPONSE)], ids=["translated", "as bytes"])
def test_what_an_agent_offers_unasked_is_left_out_where_nobody_has_it(running, upstreams, model, act):
    if act is not None:
        upstreams.acts["a"] = saying(whole(200, act))
    key = {"authorization": f"Bearer {KEY}"}
    body = {"model": model, "input": "Hi", "store": False, **MENU}
    status, headers, _ = running.ask("POST", "/v1/responses", body, headers=key)

    assert (status, headers["x-gateway-adapted"]) == (200, "tools[1](web_search left out)")
    assert [tool.get("type") for tool in sent(upstreams)["tools"]] == ["function"]
    assert decision(running, headers)["attempts"][0]["adapted"] == ["tools[1](web_search left out)"]
    asked_for: list[tuple[Any, Any]] = [(body, {"x-gateway-strict": "true"}), ({**body, "client_metadata": None}, {})]
    for wanted, more in asked_for:
        status, _, said = running.ask("POST", "/v1/responses", wanted, headers=key | more)
        assert (status, json.loads(said)["error"]["param"]) == (400, "tools")


def test_what_cannot_be_kept_and_what_nobody_has_are_left_out_together(running, upstreams):
    body = {"model": "w@c", "input": "Hi", "store": True, **MENU}
    status, headers, _ = running.ask("POST", "/v1/responses", body, headers={"authorization": f"Bearer {KEY}"})

    assert (status, headers["x-gateway-adapted"]) == (200, "store(true->false), tools[1](web_search left out)")
    upstreams.acts["a"] = saying(whole(200, RESPONSE))
    status, headers, said = running.ask(
        "POST", "/v1/responses", {**body, "model": "m@a"}, headers={"authorization": f"Bearer {KEY}"}
    )
    assert (status, headers["x-gateway-adapted"]) == (200, "tools[1](web_search left out)")
    assert json.loads(said)["id"].startswith("resp_gw1-")  # it is kept where it can be
