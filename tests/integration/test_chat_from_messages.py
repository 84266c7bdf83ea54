"""Claims about callers of Chat who are answered by an upstream that speaks Anthropic's Messages: by translation."""

from __future__ import annotations

import openai
import pytest

from tests.integration.test_native_wires import HELLO, gpt, running, sent, upstreams, vendors  # noqa: F401 (fixtures)
from tests.integration.upstreams import SSE, decision, saying, whole
from tests.native_replies import MESSAGE, TEXT, messages, text

pytestmark = pytest.mark.services
TIDE = ({"type": "tool_use", "id": "toolu_1", "name": "tide", "input": {}},
        [{"type": "input_json_delta", "partial_json": '{"port": "Whitby"}'}])  # fmt: skip


def test_a_whole_reply_is_translated_and_billed(gpt, running, upstreams):  # noqa: F811
    upstreams.acts["a"] = saying(whole(200, MESSAGE))
    raw = gpt.chat.completions.with_raw_response.create(model="m@a", max_completion_tokens=99, messages=HELLO, user="u")
    told = raw.parse()

    assert sent(upstreams) == {"model": "up-a", "max_tokens": 99, "messages": HELLO, "metadata": {"user_id": "u"}}
    assert raw.headers["x-gateway-adapted"] == "user(user->metadata.user_id)"
    assert (told.choices[0].message.content, told.choices[0].finish_reason) == (TEXT, "stop")
    assert (told.usage.prompt_tokens, told.usage.prompt_tokens_details.cached_tokens) == (10, 4)
    assert decision(running, dict(raw.headers))["attempts"][0]["usage"]["input_tokens"] == 10


def test_a_stream_is_translated_event_by_event(gpt, upstreams):  # noqa: F811
    upstreams.acts["a"] = saying(SSE, *messages(text(TEXT), TIDE, stop="tool_use"))
    with gpt.chat.completions.stream(model="m@a", messages=HELLO, stream_options={"include_usage": True}) as stream:
        told = stream.get_final_completion()
    choice = told.choices[0]

    assert (choice.message.content, choice.finish_reason) == (TEXT.replace(" ", ""), "tool_calls")
    assert choice.message.tool_calls[0].function.arguments == '{"port": "Whitby"}'
    assert told.usage.total_tokens == 30


def test_what_has_no_place_is_refused_before_anybody_is_asked(gpt, upstreams):  # noqa: F811
    with pytest.raises(openai.BadRequestError) as raised:
        gpt.chat.completions.create(model="m@a", messages=HELLO, n=3)

    assert raised.value.param == "n"
    assert not upstreams.asked


@pytest.mark.parametrize("cut", [6, -1])
def test_a_stream_that_is_cut_raises(gpt, upstreams, cut):  # noqa: F811
    upstreams.acts["a"] = saying(SSE, *messages(text(TEXT))[:cut])
    with pytest.raises(openai.APIError):
        for chunk in gpt.chat.completions.create(model="m@a", messages=HELLO, stream=True):
            assert chunk.choices[0].finish_reason is None
    assert upstreams.asked
