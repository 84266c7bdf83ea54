"""What speaking another dialect costs in CPU: `python -m bench.translate`, in one process, without a network.

A request of 2 KB and its reply of 1 KB, whole and as a stream, through the meter that every reply passes and, where
dialects differ, the translator there and back. What is added is the difference to the caller who speaks the upstream's
own dialect: there, nothing is added, since bytes pass.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.wire_reader import READERS
from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Upstream

MOST_WHOLE_US, MOST_EVENT_US = 120.0, 25.0  # added, a whole reply of 1 KB and an event
ROUNDS, TURNS = 25, 40
EVENTS = 100
TEXT = "The tide turns twice a day, and those who wait for it lose nothing but time. " * 12
WORDS = [TEXT[at : at + 10] for at in range(0, EVENTS * 10, 10)]
USAGE: dict[str, Any] = {"input_tokens": 500, "output_tokens": 220}
_PROMPT = "Tell me about tides, and spare no detail. " * 48
_TALK = [{"role": "user", "content": _PROMPT}]

ASKED: dict[str, dict[str, Any]] = {
    "openai": {"model": "m", "messages": _TALK, "max_completion_tokens": 900},
    "anthropic": {"model": "m", "messages": _TALK, "max_tokens": 900},
    "openai_responses": {"model": "m", "input": _TALK, "max_output_tokens": 900},
}
_CHAT_USAGE = {"prompt_tokens": 500, "completion_tokens": 220, "total_tokens": 720}
_ITEM: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
    "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}],
}  # fmt: skip
_RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "up", "output": [_ITEM],
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    "usage": {**USAGE, "total_tokens": 720, "input_tokens_details": {"cached_tokens": 0},
              "output_tokens_details": {"reasoning_tokens": 0}},
}  # fmt: skip
WHOLE: dict[str, dict[str, Any]] = {
    "openai": {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "up", "usage": _CHAT_USAGE,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
    },
    "anthropic": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "up", "usage": USAGE, "stop_sequence": None,
        "content": [{"type": "text", "text": TEXT}], "stop_reason": "end_turn",
    },
    "openai_responses": _RESPONSE,
}  # fmt: skip


def stream(wire: str) -> list[bytes]:
    """A reply of EVENTS events of words, as its wire begins and ends it."""
    if wire == "openai":
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "up"}
        deltas: list[dict[str, Any]] = [{"content": word} for word in WORDS]
        made = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        made.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": _CHAT_USAGE})
        return [*(b"data: " + json.dumps(each).encode() + b"\n\n" for each in made), b"data: [DONE]\n\n"]
    return [
        b"event: %b\ndata: %b\n\n" % (each["type"].encode(), json.dumps(each).encode())
        for each in (_of_messages() if wire == "anthropic" else _of_responses())
    ]


def _of_messages() -> list[dict[str, Any]]:
    begun = {**WHOLE["anthropic"], "content": [], "stop_reason": None}
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": w}} for w in WORDS),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
        {"type": "message_stop"},
    ]


def _of_responses() -> list[dict[str, Any]]:
    begun = {**_RESPONSE, "status": "in_progress", "output": [], "usage": None}
    where: dict[str, Any] = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    item = {**_ITEM, "status": "in_progress", "content": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **where, "part": part},
        *({"type": "response.output_text.delta", **where, "delta": word, "logprobs": []} for word in WORDS),
        {"type": "response.output_text.done", **where, "text": "".join(WORDS), "logprobs": []},
        {"type": "response.content_part.done", **where, "part": {**part, "text": "".join(WORDS)}},
        {"type": "response.output_item.done", "output_index": 0, "item": _ITEM},
        {"type": "response.completed", "response": _RESPONSE},
    ]
    return [{**each, "sequence_number": number} for number, each in enumerate(events)]


def passing(client: str, upstream: str, parts: list[bytes], *, streamed: bool) -> Callable[[], None]:
    """One request and its reply, as dispatch has them: read by the meter, and translated where dialects differ."""
    body, reader = ASKED[client], READERS.get(upstream)
    translator = TRANSLATORS.get((client, upstream))

    def once() -> None:
        back = None
        if translator is not None:
            facts = Upstream(max_output_tokens=900, custom_tools=upstream != "anthropic")
            made = translator.request(body, facts, model="m", response_id="r", created_at=1)
            json_of(made.body)
            back = WayBack(translator, made.memory, stream=streamed)
        wire = reader() if reader is not None else None
        meter = StreamMeter(keep_usage=True, wire=wire) if streamed else WholeMeter(wire=wire)
        for part in parts:
            out = meter.feed(part)
            if back is not None:
                back.feed(out)
        if back is not None:
            back.end()

    return once


def json_of(body: dict[str, Any]) -> bytes:
    """As the request is sent."""
    from gateway.upstreams.translate.passing import encode

    return encode(body)


def microseconds(once: Callable[[], None]) -> float:
    """CPU of one, in the best round: what others on this machine do only adds."""
    once()
    rounds = []
    for _ in range(ROUNDS):
        began = process_time()
        for _ in range(TURNS):
            once()
        rounds.append((process_time() - began) / TURNS * 1e6)
    return min(rounds)


def main() -> int:
    """1 if a pair adds more than it may."""
    print("caller → upstream                     whole, µs   added   an event, µs   added")
    own = {wire: (_whole(wire, wire), _event(wire, wire)) for wire in WHOLE}
    worst = [0.0, 0.0]
    for upstream in WHOLE:
        for client in WHOLE:
            whole, event = own[upstream] if client == upstream else (_whole(client, upstream), _event(client, upstream))
            added = (whole - own[upstream][0], event - own[upstream][1])
            worst = [max(pair) for pair in zip(worst, added, strict=True)]
            name = f"{client} → {upstream}"
            print(f"{name:36} {whole:9.1f} {added[0]:7.1f} {event:14.1f} {added[1]:7.1f}")
    print(f"worst: {worst[0]:.1f} µs added of {MOST_WHOLE_US:.0f}, {worst[1]:.1f} of {MOST_EVENT_US:.0f} an event")
    return int(worst[0] > MOST_WHOLE_US or worst[1] > MOST_EVENT_US)


def _whole(client: str, upstream: str) -> float:
    return microseconds(passing(client, upstream, [json.dumps(WHOLE[upstream]).encode()], streamed=False))


def _event(client: str, upstream: str) -> float:
    parts = stream(upstream)
    return microseconds(passing(client, upstream, parts, streamed=True)) / len(parts)


if __name__ == "__main__":
    sys.exit(main())
