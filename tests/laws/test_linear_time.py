"""Law: every step of a request and of its reply takes a time that is bounded by its size, whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from gateway.catalog.rows import BodyField
from gateway.errors import GatewayError
from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.refusal.detector import judge
from gateway.outcome.thinking import answer
from gateway.policy.body import body_needs, body_rules
from gateway.request import Arrival, Request, conversation, parse
from gateway.signals import needs, pii, secrets, tokens, topic
from gateway.signals.measure import measure_text, request_text
from gateway.signals.names import check_names
from gateway.signals.table import text_signals
from gateway.upstreams.stored_ids import opened
from tests.laws.linear import GROWTH, MOST_GROWTH, Step, growth

SIZE = 16_000  # bytes of the small body, about
REPLY = 100_000
CHUNK = 1_024
Shape = Callable[[int], Any]

RULES = body_rules(
    [
        BodyField(path=path, api="openai", needs="stored_state", why="w", values=None, except_values=None)
        for path in ("messages[].content[].file.file_id", "messages[].tool_calls[].id", "tools[].server_url")
    ]
)


def run_of(text: str) -> Shape:
    """One message that says it over and over."""
    return lambda size: said(text * (size // len(text)))


def parts_of(part: Any) -> Shape:
    """One message of so many of these parts."""
    return lambda size: said([part] * (size // len(json.dumps(part))))


def said(content: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content, **more}]}


def called(arguments: str) -> dict[str, Any]:
    return said(None, tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}])


def nested(size: int) -> str:
    """JSON within JSON, as arguments of tools are."""
    text = "a" * (size // 8)
    for _ in range(3):
        text = json.dumps({"a": text + "\\"})
    return text


TEXTS = {
    "digits": "1", "spaces": " ", "lines": "\n", "letters": "a", "capitals": "A", "at signs": "@", "dots": ".",
    "punctuation": ".,;:!?-/", "brackets": "({[", "closing brackets": ")}]", "backslashes": "\\", "slashes": "://",
    "backticks": "`", "colons": ":", "hyphens": "a-", "halves of mailboxes": "a@a.", "mailboxes": "ann@example.com ",
    "mailboxes and numbers": "a@aa.com 1234567 xxxxx ", "beginnings of accounts": "AA99 ", "accounts": "MT99 ",
    "almost an account": "GB82WEST12345698765431 ", "an account": "GB82 WEST 1234 5698 7654 32 ",
    "almost a card": "4111 1111 1111 1112 ", "cards": "4111111111111111 ", "groups": "123-", "addresses": "1.1.1.1 ",
    "long addresses": "::1 ", "versions": "v 1.1.1.1 ", "phones": "+49 30 1234567, ", "opened phones": "1(",
    "percent": "%41", "entities": "&#1;", "named entities": "&notit;", "open entities": "&", "escapes": "\\u0041",
    "escaped escapes": "\\\\u0041", "bytes": "\\x41", "powers": "1e99 ", "figures": "1.", "Chinese": "中文",
    "full width": "\uff11\uff12", "hidden": "a\u200b", "tags": "\U000e0041", "accents": "e\u0301", "base64": "aGVsbG8h",
    "words of base64": "aGVsbG8gd29ybGQh ", "names": "Dalai Lama Tiananmen ", "disguised": "d4l4i l4m4 ",
    "parted names": "d a l a i l a m a ", "addresses of pages": "https://a.b/", "fences": "```a", "words": "tel 12345 ",
    "glued": "is199003052397 ", "mixed": "a1",
}  # fmt: skip
BODIES: dict[str, Shape] = {
    **{name: run_of(text) for name, text in TEXTS.items()},
    **{
        f"parts of {name}": parts_of(text)
        for name, text in {"nothing": "", "a digit": "1", "a letter": "a", "an at sign": "@", "a space": " "}.items()
    },
    "pictures": parts_of({"type": "image_url", "image_url": {"url": "data:,"}}),
    "empty parts": parts_of({"type": "text", "text": ""}),
    "unknown parts": parts_of({"type": "other", "a": 1}),
    "results": lambda size: said([{"type": "tool_result", "content": ["1"] * (size // 4)}]),
    "messages": lambda size: {"model": "m", "messages": [{"role": "user", "content": "1"}] * (size // 32)},
    "empty messages": lambda size: {"model": "m", "messages": [{}] * (size // 3)},
    "named messages": lambda size: {"model": "m", "messages": [{"role": "x", "name": "y"}] * (size // 30)},
    "calls": lambda size: said(None, tool_calls=[{"id": "c", "function": {"arguments": "{}"}}] * (size // 45)),
    "arguments": lambda size: called(json.dumps({"a": ["1"] * (size // 6)})),
    "nested arguments": lambda size: called(nested(size)),
    "backslashes in arguments": lambda size: called(json.dumps({"a": "\\" * (size // 4)}) + "\\u0041"),
    "objects": lambda size: said("a", beside=[{}] * (size // 3)),
    "objects in objects": lambda size: said("a", beside=[[{"a": []}]] * (size // 11)),
    "lists under a long name": lambda size: said("a", **{"k" * (size // 2): [[]] * (size // 6)}),
    "keys": lambda size: said("a", **{f"key{number}": 1 for number in range(size // 12)}),
    "escaped keys": lambda size: said("\u0001", **{f"key{number}": 1 for number in range(size // 12)}),
    "numbers": lambda size: said("a", beside=list(range(size // 6))),
    "floats": lambda size: said("a", beside=[1e99] * (size // 6)),
    "tools": lambda size: {**said("a"), "tools": [{"type": "function", "function": {"name": "f"}}] * (size // 48)},
    "documents": lambda size: {**said("a"), "documents": [{"text": "1"}] * (size // 14)},
    "a bias": lambda size: {**said("a"), "logit_bias": {str(number): 1 for number in range(size // 9)}},
}


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    measure_text(request_text(parse("chat", json.dumps(said("hello")).encode(), Arrival("r", 0, 0))), text_signals())
    judge("Why?", "I cannot say.")


def steps(body: bytes) -> Iterator[tuple[str, Step]]:
    """Everything that happens to a request before it is decided."""
    yield "parse", lambda: parse("chat", body, Arrival("req", 0, 0))
    request = parse("chat", body, Arrival("req", 0, 0))
    fields = request.fields
    yield "conversation", lambda: conversation(request, "k")
    yield "names", lambda: refused(lambda: check_names(fields))
    yield "tokens", lambda: tokens.of_fields(fields)
    yield "needs", lambda: needs.measure(fields)
    yield "moved data", lambda: refused(lambda: body_needs(RULES, "openai", fields))
    yield "ids of what is kept", lambda: refused(lambda: opened(fields, lambda given: None))
    yield "read", lambda: refused(lambda: request_text(request))
    for name in sorted(text_signals()):
        yield name, measuring(request, name)


def measuring(request: Request, name: str) -> Step:
    try:
        text = request_text(request)
    except GatewayError:
        return lambda: None

    def measured() -> object:
        for memory in (pii._earlier, secrets._earlier, topic._aside):
            memory.clear()
        return measure_text(text, [name])

    return measured


def refused(step: Step) -> None:
    with suppress(GatewayError):
        step()


@pytest.mark.parametrize("shape", BODIES)
def test_a_request_costs_as_much_more_as_it_is_longer(shape):
    small, large = (json.dumps(BODIES[shape](size), separators=(",", ":")).encode() for size in (SIZE, GROWTH * SIZE))
    found = {name: growth(one, other) for (name, one), (_, other) in zip(steps(small), steps(large), strict=True)}

    assert {name: times for name, times in found.items() if times > MOST_GROWTH} == {}


@pytest.mark.parametrize("kind", ["responses", "messages", "completion", "embedding", "rerank", "moderation", "image"])
def test_so_it_does_on_every_interface(kind):
    bodies = {
        "responses": lambda size: {"model": "m", "input": [{"role": "user", "content": "1"}] * (size // 32)},
        "messages": lambda size: {
            **said([""] * (size // 3)),
            "max_tokens": 1,
            "system": [{"type": "text", "text": "@"}] * 99,
        },
        "completion": lambda size: {"model": "m", "prompt": ["@"] * (size // 4)},
        "embedding": lambda size: {"model": "m", "input": ["1"] * (size // 4)},
        "rerank": lambda size: {"model": "m", "query": "q", "documents": [{"text": "1"}] * (size // 14)},
        "moderation": lambda size: {"model": "m", "input": [{"type": "text", "text": "@"}] * (size // 29)},
        "image": lambda size: {"model": "m", "prompt": "data " * (size // 5)},
    }
    small, large = (
        parse(kind, json.dumps(bodies[kind](size)).encode(), Arrival("r", 0, 0)) for size in (SIZE, GROWTH * SIZE)
    )

    assert growth(lambda: request_text(small), lambda: request_text(large)) <= MOST_GROWTH
    assert growth(measuring(small, "pii"), measuring(large, "pii")) <= MOST_GROWTH
    assert growth(measuring(small, "secrets"), measuring(large, "secrets")) <= MOST_GROWTH


FORMS: dict[str, Callable[[int], bytes]] = {
    "a file": lambda size: b"a" * size,
    "boundaries": lambda size: b"--b" * (size // 3),
    "line ends": lambda size: b"\r\n" * (size // 2),
    "chunks of sound": lambda size: b"RIFF....WAVE" + b"data\0\0\0\0" * (size // 8),
}


@pytest.mark.parametrize("shape", FORMS)
def test_so_it_does_in_a_form(shape):
    head = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    head += b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    small, large = (head + FORMS[shape](size) + b"\r\n--b--\r\n" for size in (REPLY, GROWTH * REPLY))

    def parsed(body: bytes) -> None:
        refused(lambda: parse("transcription", body, Arrival("r", 0, 0), "multipart/form-data; boundary=b"))

    assert growth(lambda: parsed(small), lambda: parsed(large)) <= MOST_GROWTH


def event(content: Any, index: Any = 0, **more: Any) -> bytes:
    return b"data: %s\n\n" % json.dumps({"choices": [{"index": index, "delta": {"content": content, **more}}]}).encode()


def whole(content: Any, **more: Any) -> bytes:
    message = {"role": "assistant", "content": content, **more}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


def choices(size: int) -> bytes:
    each = [{"index": n, "message": {"content": "a"}, "finish_reason": "stop"} for n in range(size // 70)]
    return json.dumps({"beside": "b" * (size // 2), "choices": each}).encode()


def call(index: int) -> bytes:
    return event(None, tool_calls=[{"index": index, "function": {"arguments": "a"}}])


STREAMS: dict[str, Callable[[int], bytes]] = {
    "events": lambda size: event("a") * (size // 60),
    "events in CRLF": lambda size: event("a").replace(b"\n", b"\r\n") * (size // 60),
    "thinking": lambda size: event("<think></think>") * (size // 75),
    "thinking that goes on": lambda size: event("<think>") + event("a") * (size // 60),
    "a long event": lambda size: b"data: " + b"a" * 30 * size,
    "a long event of lines": lambda size: b"data: " + b"a\r" * (size // 2),
    "white space": lambda size: b" " * 30 * size,
    "empty lines": lambda size: b"\n" * size,
    "comments": lambda size: b": a\n\n" * (size // 5),
    "a page": lambda size: b"<p>\n\n" * (size // 10),
    "choices": lambda size: b"".join(event("a", n) for n in range(size // 60)),
    "ends": lambda size: b"".join(event("a", n) for n in range(size // 120)) + b"data: [DONE]\n\n" * (size // 28),
    "parts": lambda size: event([{"type": "text", "text": "a"}] * (size // 30)),
    "a document": lambda size: whole("a" * size),
    "a document of choices": choices,
}
WHOLES: dict[str, Callable[[int], bytes]] = {
    "text": lambda size: whole("a " * size),
    "thinking": lambda size: whole("<think></think>" * (size // 15)),
    "ends of thinking": lambda size: whole("</think>" * (size // 8)),
    "thoughts": lambda size: whole("", reasoning_details=[{"text": "a"}] * (size // 14)),
    "parts": lambda size: whole([{"type": "text", "text": "a"}] * (size // 28)),
    "choices": choices,
    "lenient": lambda size: whole("a " * size).replace(b'"stop"', b"NaN"),
    "a stream": lambda size: event("a" * 10) * (size // 70),
    "a stream of choices": lambda size: b"".join(event("a", n) for n in range(size // 60)),
    "a stream of calls": lambda size: b"".join(call(n) for n in range(size // 100)),
    "a stream of one call": lambda size: call(0) * (size // 100),
    "a stream of parts": lambda size: event([{"type": "text", "text": "a"}]) * (size // 80),
}


def streamed(data: bytes) -> None:
    meter = StreamMeter(keep_usage=True)
    for at in range(0, len(data), CHUNK):
        meter.feed(data[at : at + CHUNK])
    meter.end()


@pytest.mark.parametrize("shape", STREAMS)
def test_a_stream_is_read_in_a_time_that_grows_as_it_does(shape):
    small, large = STREAMS[shape](REPLY), STREAMS[shape](GROWTH * REPLY)

    assert growth(lambda: streamed(small), lambda: streamed(large)) <= MOST_GROWTH


@pytest.mark.parametrize("shape", WHOLES)
def test_so_is_a_whole_reply(shape):
    small, large = WHOLES[shape](REPLY), WHOLES[shape](GROWTH * REPLY)

    assert growth(lambda: WholeMeter().feed(small), lambda: WholeMeter().feed(large)) <= MOST_GROWTH


@pytest.mark.parametrize("text", ["I cannot. ", "</think> ", "<think>a</think>", "\n", "```", "我不能", "a", "1. "])
def test_so_is_an_answer_that_may_be_a_refusal(text):
    small, large = text * (REPLY // len(text)), text * (GROWTH * REPLY // len(text))

    assert growth(lambda: judge("Why?", small), lambda: judge("Why?", large)) <= MOST_GROWTH
    assert growth(lambda: answer(small), lambda: answer(large)) <= MOST_GROWTH
