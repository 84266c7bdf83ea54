"""Wherever a stream is cut: what the caller's official SDK sees and what is recorded agree, in every pair of wires."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from tests.golden.translate.recorded import CASES
from tests.integration.rerouted import CUT, Scene, Told, told

WIRES = {"openai": "openai", "responses": "openai_responses", "anthropic": "anthropic"}
KINDS = {"openai": "chat", "responses": "responses", "anthropic": "messages"}
HELLO: Any = [{"role": "user", "content": "Tell me some history."}]
NO_HOLD = ", on_refusal: {reroute: []}"
ENDING_WELL = ("r2o-02-text-event-lifecycle", "o2r-02-stream-text-and-call", "o2a-09-no-usage-chunk-unless-asked")
EVENTS = {  # a reply to each upstream's wire that ends well
    case["upstream"]: case["upstream_reply"]["events"] for case in CASES if case["id"] in ENDING_WELL
}


def _chat(client: openai.OpenAI) -> str | None:
    finishes = [
        choice.finish_reason
        for chunk in client.chat.completions.create(model="m", messages=HELLO, stream=True)
        for choice in chunk.choices
    ]
    return next(filter(None, finishes), None)


def _response(client: openai.OpenAI) -> str | None:
    with client.responses.stream(model="m", input="Hi") as stream:
        return stream.get_final_response().status


def _message(client: anthropic.Anthropic) -> str | None:
    with client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream:
        return stream.get_final_message().stop_reason


READ: dict[str, Callable[[Any], str | None]] = {"openai": _chat, "responses": _response, "anthropic": _message}


now = SimpleNamespace(said=b"")  # the reply that the SDK is about to read


@cache
def sdk(client: str) -> Any:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=now.said)

    family: Any = anthropic.Anthropic if client == "anthropic" else openai.OpenAI
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return family(api_key="x", base_url="http://gateway.invalid/v1", http_client=http, max_retries=0)


def complete(client: str, seen: Told) -> bool:
    """Whether the official SDK takes what the caller got for a whole reply."""
    if isinstance(seen.reply, Exception):
        return False

    now.said = seen.body
    try:
        return READ[client](sdk(client)) is not None
    except (openai.OpenAIError, anthropic.AnthropicError, RuntimeError):
        return False


def cuts(events: list[str]) -> list[bytes]:
    """The stream up to the end and to the middle of its last events and of some before, and without its last byte."""
    whole = "".join(events)
    ends = [sum(map(len, events[: n + 1])) for n in range(len(events))]
    chosen = [*ends[1:-3:3], *ends[-3:]]
    middles = [end - len(events[ends.index(end)]) // 2 for end in chosen[-3:]]
    places = {0, *chosen, *middles, len(whole) - 1}
    return [whole[:place].encode() for place in sorted(places)]


@pytest.mark.parametrize("ending", ["closed", "lost"])
@pytest.mark.parametrize("client", KINDS)
@pytest.mark.parametrize("upstream", WIRES)
def test_what_the_sdk_sees_and_what_is_recorded_agree_at_every_cut(upstream, client, ending):
    scene = Scene(wire=WIRES[upstream], kind=KINDS[client], rules=NO_HOLD)
    body = {"stream": True} | ({"max_tokens": 99} if client == "anthropic" else {})
    verdicts = []
    for written in cuts(EVENTS[upstream]):
        act: list[Any] = [written] if written else []
        if ending == "lost":
            act.append(CUT)
        seen = told({name: [act] for name in "abc"}, scene, **body)
        recorded = seen.attempts[-1][1] == "answered"
        assert complete(client, seen) == recorded, (written[-160:], seen.attempts, seen.body[-300:])
        verdicts.append(recorded)
    assert not verdicts[0]
    assert verdicts[-1]
