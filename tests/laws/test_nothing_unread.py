"""Whatever of a body goes upstream is read, is inert, or makes the text signals unknown: a canary stands anywhere."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.request import Arrival, parse
from gateway.signals.invisible import INVISIBLE
from gateway.signals.measure import measure_text, request_text
from gateway.signals.value import UNKNOWN

MAIL, CARD = "anna.larsson@posten.se", 4111111111111111
TEXT = {"type": "text", "text": "hi"}
TOOL = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"enum": ["x", 1]}}}}
BODIES = {
    "chat": {
        "model": "auto",
        "messages": [
            {"role": "system", "content": "be kind", "name": "n"},
            {"role": "user", "content": [TEXT, "plain", {"type": "refusal", "refusal": "no"}]},
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "r",
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
            },
            {"role": "tool", "tool_call_id": "1", "content": "ok"},
            {"role": "user", "content": "hello"},
        ],
        "tools": [{"type": "function", "function": TOOL}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"enum": ["a"]}}},
        "stream_options": {"include_usage": True},
        "logit_bias": {"50256": -100},
        "modalities": ["text"],
        "service_tier": "auto",
        "reasoning_effort": "low",
        "temperature": 0.5,
        "seed": 7,
        "stop": ["x"],
        "user": "u",
        "metadata": {"k": "v"},
        "prediction": {"type": "content", "content": "c"},
    },
    "completion": {"model": "auto", "prompt": ["one", "two"], "suffix": "s", "logprobs": 1, "stop": "x"},
    "embedding": {"model": "auto", "input": ["one"], "encoding_format": "float", "dimensions": 3},
    "messages": {
        "model": "auto",
        "max_tokens": 9,
        "system": [{**TEXT, "cache_control": {"type": "ephemeral", "ttl": "5m"}}],
        "messages": [
            {"role": "user", "content": [TEXT]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "t", "signature": "Zm9v"},
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [TEXT]}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "document",
                        "title": "t",
                        "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                    }
                ],
            },
        ],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "metadata": {"user_id": "u"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "stop_sequences": ["x"],
    },
    "responses": {
        "model": "auto",
        "instructions": "i",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {
                "type": "function_call",
                "id": "fc",
                "call_id": "c",
                "name": "f",
                "arguments": "{}",
                "status": "completed",
            },
            {"type": "function_call_output", "call_id": "c", "output": "ok"},
            {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "s"}]},
        ],
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "truncation": "auto",
        "include": ["reasoning.encrypted_content"],
    },
    "image": {
        "model": "auto",
        "prompt": "a ship",
        "n": 2,
        "size": "1024x1024",
        "quality": "hd",
        "style": "vivid",
        "response_format": "b64_json",
        "partial_images": 1,
        "user": "u",
    },
    "speech": {
        "model": "auto",
        "input": "hello",
        "voice": "alloy",
        "instructions": "softly",
        "response_format": "mp3",
        "speed": 1.5,
        "stream_format": "audio",
    },
    "rerank": {
        "model": "auto",
        "query": "ships",
        "documents": ["sea", {"text": "land", "title": "t"}, {"body": ["b", {"deep": "d"}]}],
        "top_n": 2,
        "return_documents": True,
    },
    "moderation": {"model": "auto", "input": ["one", {"type": "text", "text": "two"}]},
}


def spots(value, path=()):
    """Every place of a body, the body itself left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from spots(inner, (*path, key))


PLACES = [(kind, path) for kind, body in BODIES.items() for path in spots(body) if path != ("model",)]


def plant(body, path, how, canary):
    """The body with the canary instead of a value, behind it, as a key beside it, or inside an unknown object."""
    body = copy.deepcopy(body)
    *above, last = path
    inside = body
    for step in above:
        inside = inside[step]
    value = inside[last]
    if how == "behind" and isinstance(value, str):
        inside[last] = f"{value} {canary}"
    elif how == "key" and isinstance(value, dict):
        value[str(canary)] = 1
    elif how == "beside" and isinstance(inside, dict):
        inside["some_field"] = {"deep": [canary]}
    elif how == "key beside" and isinstance(inside, dict):
        inside[str(canary)] = True
    elif how == "item" and isinstance(value, list):
        value.append(canary)
    else:
        inside[last] = canary
    return body


def seen(kind, body, signal="pii"):
    """A text signal; a body that is refused reaches nobody."""
    try:
        request = parse(kind, json.dumps(body, ensure_ascii=False).encode(), Arrival("r", 0.0, 0.0))
        return measure_text(request_text(request), [signal])[signal]
    except GatewayError as denial:
        assert denial.code == "invalid_request"
        return UNKNOWN


def test_the_bodies_themselves_hold_nothing_and_can_be_read():
    assert {kind: seen(kind, body) for kind, body in BODIES.items()} == dict.fromkeys(BODIES, frozenset())


@pytest.mark.parametrize("canary", [MAIL, CARD, "4111 1111 1111 1111", float(CARD)])
@pytest.mark.parametrize("how", ["instead", "behind", "key", "beside", "key beside", "item"])
def test_a_canary_is_found_wherever_it_is_planted(how, canary):
    found = {(kind, path): seen(kind, plant(BODIES[kind], path, how, canary)) for kind, path in PLACES}

    assert [place for place, pii in found.items() if pii != UNKNOWN and not pii & {"email", "card"}] == []


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), st.data())
def test_invisible_characters_hide_no_canary(place, data):
    kind, path = place
    hidden = st.text(st.from_regex(f"[{INVISIBLE}]", fullmatch=True), max_size=3)
    written = "".join(char + data.draw(hidden) for char in data.draw(st.sampled_from([MAIL, str(CARD)])))

    pii = seen(kind, plant(BODIES[kind], path, data.draw(st.sampled_from(["instead", "behind", "key"])), written))

    assert pii == UNKNOWN or pii & {"email", "card"}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([MAIL, str(CARD), "4111 1111 1111 1111", "GB29 NWBK 6016 1331 9268 19"]), st.data())
def test_a_canary_cut_over_parts_or_messages_is_found(canary, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, len(canary) - 1), min_size=1, max_size=4)))
    pieces = [canary[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(canary)], strict=True)]
    parts = data.draw(st.booleans())
    named = data.draw(st.booleans())
    messages = (
        [{"role": "user", "content": [{"type": "text", "text": piece} for piece in pieces]}]
        if parts
        else [{"role": "user", "content": piece, **({"name": "anna"} if named else {})} for piece in pieces]
    )

    pii = seen("chat", {"model": "auto", "messages": messages})

    assert pii == UNKNOWN or pii & {"email", "card", "iban"}


def form(**fields):
    """A transcription's, with its content type."""
    parts = {"model": "auto", **fields}
    lines = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()]
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n'
    return ("".join(lines) + file + "--b--\r\n").encode()


@given(st.sampled_from(["prompt", "language", "temperature", "hotwords", "include[]"]), st.text(max_size=20))
def test_a_form_is_never_wholly_read(name, text):
    try:
        request = parse(
            "transcription", form(**{name: text}), Arrival("r", 0.0, 0.0), "multipart/form-data; boundary=b"
        )
    except GatewayError as denial:
        assert denial.code == "invalid_request"
        return

    said = request_text(request)
    assert not said.readable
    assert measure_text(said, ["topic", "pii", "secrets"]) | {} == dict.fromkeys(["topic", "pii", "secrets"], UNKNOWN)
