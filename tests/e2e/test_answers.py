"""Claims about answers through the whole house, asked with the official SDK."""

from __future__ import annotations

import hashlib

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

pytestmark = pytest.mark.services

HELLO: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "List three colours."}]
STORY = ("endpoint", "model", "origin", "exposure", "route", "attempts", "outcome")


def story(headers) -> dict[str, str | None]:
    return {name: headers.get(f"x-gateway-{name}") for name in STORY}


def test_the_real_local_model_answers_whole(house):
    raw = house.client().chat.completions.with_raw_response.create(
        model="smollm2-135m", messages=HELLO, max_tokens=200, temperature=0
    )
    reply = raw.parse()

    assert reply.choices[0].message.content
    assert reply.usage.completion_tokens > 0
    assert story(raw.headers) == {
        "endpoint": "smollm2-135m@self",
        "model": "smollm2-135m",
        "origin": "US",
        "exposure": "FI",
        "route": "named",
        "attempts": "1",
        "outcome": "answered",
    }
    assert float(raw.headers["x-gateway-cost-usd"]) == pytest.approx(
        (reply.usage.prompt_tokens * 0.02 + reply.usage.completion_tokens * 0.06) / 1e6
    )


def test_the_real_local_model_answers_as_a_stream(house):
    with house.client().chat.completions.with_streaming_response.create(
        model="smollm2-135m", messages=HELLO, max_tokens=20, stream=True
    ) as raw:
        chunks = list(raw.parse())
        headers = raw.headers

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")
    assert headers["x-gateway-endpoint"] == "smollm2-135m@self"
    assert headers["content-type"].startswith("text/event-stream")


def test_usage_is_streamed_only_to_those_who_ask_for_it(house):
    def last(**options):
        return list(
            house.client().chat.completions.create(
                model="smollm2-135m", messages=HELLO, max_tokens=5, stream=True, **options
            )
        )[-1]

    assert last().usage is None
    assert last(stream_options={"include_usage": True}).usage.completion_tokens in range(1, 6)


def test_a_decision_explains_itself_afterwards(house):
    raw = house.client().chat.completions.with_raw_response.create(model="auto", messages=HELLO)
    decision = house.decision(raw.headers["x-request-id"])

    assert "rest" in str(decision)
    assert "simulated-deepseek@simulated-cn" in str(decision)


def test_another_teams_key_does_not_see_the_decision(house):
    raw = house.client().chat.completions.with_raw_response.create(model="auto", messages=HELLO)
    headers = {"authorization": f"Bearer {house.keys['research']}"}

    status, _, _ = house.gateway.ask("GET", f"/v1/decisions/{raw.headers['x-request-id']}", headers=headers)
    assert status == 404


@pytest.mark.parametrize("stream", [False, True])
def test_a_regulated_prompt_never_reaches_a_vendor(house, stream):
    prompt = "Patient 4711 takes 20 mg of the usual."
    client = house.client(default_headers={"x-gateway-data-class": "regulated"})

    with client.chat.completions.with_streaming_response.create(
        model="auto", messages=[{"role": "user", "content": prompt}], max_tokens=5, stream=stream
    ) as raw:
        raw.read()

    assert raw.headers["x-gateway-endpoint"] == "smollm2-135m@self"
    assert [house.vendors.requests(vendor) for vendor in house.vendors.base_urls] == [[], [], []]


def test_the_same_prompt_unregulated_does_reach_one(house):
    prompt = "Patient 4711 takes 20 mg of the usual."
    house.client().chat.completions.create(model="auto", messages=[{"role": "user", "content": prompt}])

    (noted,) = house.vendors.requests("simulated-cn")
    assert noted["texts_sha256"] == [hashlib.sha256(prompt.encode()).hexdigest()]


def test_a_regulated_team_that_asks_for_a_vendor_by_name_is_refused(house):
    with pytest.raises(openai.PermissionDeniedError, match="regulated-stays-home") as refused:
        house.client("clinic").chat.completions.create(model="simulated-gpt", messages=HELLO)

    assert refused.value.code == "no_permitted_endpoint"
    assert house.vendors.requests("simulated-west") == []


def test_fields_we_do_not_know_reach_the_vendor_and_come_back(house):
    raw = house.client().chat.completions.with_raw_response.create(
        model="simulated-deepseek", messages=HELLO, extra_body={"a_field_of_tomorrow": {"x": 1}}
    )

    (noted,) = house.vendors.requests("simulated-cn")
    assert "a_field_of_tomorrow" in noted["fields"]
    assert raw.parse().model_extra is not None
    assert raw.parse().usage.model_extra["prompt_cache_hit_tokens"] == 0


def test_a_vendor_sees_no_key_and_no_header_of_the_caller(house):
    client = house.client(default_headers={"x-secret": "1", "cookie": "a=b", "x-gateway-tag": "demo"})
    client.chat.completions.create(model="simulated-gpt", messages=HELLO)

    (noted,) = house.vendors.requests("simulated-west")
    assert set(noted["headers"]) <= {
        "host",
        "content-type",
        "content-length",
        "accept",
        "user-agent",
        "accept-encoding",
    }


def test_the_models_page_lists_what_the_key_can_reach(house):
    ids = {team: {model.id for model in house.client(team).models.list()} for team in ("demo", "clinic")}

    assert {"smollm2-135m", "simulated-deepseek", "simulated-gpt", "simulated-embedding", "auto"} <= ids["demo"]
    assert ids["clinic"] & {"smollm2-135m", "simulated-deepseek", "simulated-gpt"} == {"smollm2-135m"}


def test_a_tool_call_passes_through(house):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    reply = house.client().chat.completions.create(
        model="simulated-gpt", messages=HELLO, tools=[tool], tool_choice="required"
    )

    assert reply.choices[0].finish_reason == "tool_calls"
    assert reply.choices[0].message.tool_calls[0].function.name == "weather"


def test_reasoning_is_passed_on_and_counted(house):
    reply = house.client().chat.completions.create(model="simulated-deepseek", messages=HELLO, reasoning_effort="high")

    assert reply.choices[0].message.model_extra["reasoning_content"].startswith("(simulated)")
    assert reply.usage.completion_tokens_details.reasoning_tokens > 0


def test_the_real_local_model_completes_a_text(house):
    reply = house.client().completions.create(model="smollm2-135m", prompt="Once upon a time", max_tokens=8)

    assert reply.choices[0].text
    assert reply.usage.completion_tokens in range(1, 9)


def test_embeddings_are_served_and_billed(house):
    raw = house.client().embeddings.with_raw_response.create(
        model="simulated-embedding", input=["a red ship", "a ship"]
    )
    first, second = (row.embedding for row in raw.parse().data)

    assert sum(a * b for a, b in zip(first, second, strict=True)) > 0.5
    assert raw.headers["x-gateway-endpoint"] == "simulated-embedding@simulated-west"
    assert float(raw.headers["x-gateway-cost-usd"]) > 0


def test_an_image_goes_only_to_what_can_see(house):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    content = [{"type": "text", "text": "What is this?"}, image]
    raw = house.client().chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": content}]
    )

    assert raw.headers["x-gateway-endpoint"] == "simulated-gpt@simulated-west"


def test_a_model_that_nobody_knows_is_told_with_the_nearest(house):
    with pytest.raises(openai.NotFoundError, match="simulated-gpt") as told:
        house.client().chat.completions.create(model="simulated-gtp", messages=HELLO)

    assert told.value.code == "model_not_found"


def test_a_wrong_key_is_refused(house):
    with pytest.raises(openai.AuthenticationError) as told:
        house.client().with_options(api_key="gw-wrong").chat.completions.create(model="auto", messages=HELLO)

    assert told.value.code == "invalid_api_key"
