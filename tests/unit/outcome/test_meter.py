"""What passes through a meter, and what it has read."""

import pytest

from gateway.catalog.prices import Usage
from gateway.outcome.bill import _estimate
from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.wire_reader import READERS

TEXT = b'data: {"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n'
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
DONE = b"data: [DONE]\n\n"


def fed(meter, *chunks):
    return b"".join(meter.feed(chunk) for chunk in chunks)


def test_the_usage_event_is_taken_out_when_the_caller_did_not_ask():
    meter = StreamMeter(keep_usage=False)

    assert fed(meter, TEXT, FINISH + USAGE + DONE) == TEXT + FINISH + DONE
    assert meter.reading.usage == Usage(input_tokens=3, output_tokens=4)


def test_the_usage_event_passes_when_the_caller_asked():
    meter = StreamMeter(keep_usage=True)

    assert fed(meter, TEXT + FINISH + USAGE + DONE) == TEXT + FINISH + USAGE + DONE


def test_usage_beside_a_choice_always_passes():
    last = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}\n\n'
    meter = StreamMeter(keep_usage=False)

    assert fed(meter, last) == last


def test_done_without_a_finish_reason_is_withheld():
    meter = StreamMeter(keep_usage=True)

    assert fed(meter, TEXT, DONE) == TEXT
    assert meter.done
    assert not meter.reading.complete


def test_half_an_event_waits_for_its_other_half():
    meter = StreamMeter(keep_usage=True)

    assert meter.feed(TEXT[:20]) == b""
    assert meter.feed(TEXT[20:]) == TEXT


def test_comments_and_carriage_returns_pass_untouched():
    stream = b": keep-alive\r\n\r\n" + TEXT.replace(b"\n", b"\r\n") + FINISH + DONE
    meter = StreamMeter(keep_usage=False)

    assert fed(meter, stream) == stream
    assert meter.reading.texts == ["Hel"]


@pytest.mark.parametrize("wire", ["chat", *READERS])
def test_an_event_that_is_not_json_ends_the_reply_after_what_came_before(wire):
    meter = StreamMeter(keep_usage=False, wire=READERS[wire]() if wire in READERS else None)

    assert fed(meter, b'data: [1]\n\ndata: {"choices": [\n\n', b"data: [2]\n\n") == b"data: [1]\n\n"
    assert (meter.garbled, meter.done) == (True, True)


@pytest.mark.parametrize(
    "odd", [b"data: null\n\n", b"data: [1, 2]\n\n", b"data:\n\n", b": {oops\n\n", b"event: ping\n\n"]
)
def test_what_is_json_or_no_data_passes_untouched(odd):
    meter = StreamMeter(keep_usage=False)

    assert (fed(meter, odd), meter.garbled) == (odd, False)


def test_every_choice_must_finish_before_a_reply_is_complete():
    meter = StreamMeter(keep_usage=True)
    fed(meter, TEXT, TEXT.replace(b'"index":0', b'"index":1'), FINISH)

    assert not meter.reading.complete

    fed(meter, FINISH.replace(b'"index":0', b'"index":1'))

    assert meter.reading.complete


def test_reasoning_is_not_the_answer():
    meter = StreamMeter(keep_usage=True)
    fed(meter, TEXT.replace(b'"content"', b'"reasoning_content"'))

    assert meter.reading.empty
    assert meter.reading.reasoning_chars == 3


def test_only_the_answer_is_judged_however_the_reasoning_beside_it_refuses():
    whole, streamed = WholeMeter(), StreamMeter(keep_usage=True)
    said = b'"reasoning_content":"I must refuse. Sorry, I cannot help with that.","content":"Paris."'

    whole.feed(b'{"choices":[{"message":{"role":"assistant",%b},"finish_reason":"stop"}]}' % said)
    fed(streamed, b'data: {"choices":[{"index":0,"delta":{%b},"finish_reason":"stop"}]}\n\n' % said)

    assert whole.reading.texts == streamed.reading.texts == ["Paris."]


def test_embeddings_are_a_complete_answer():
    meter = WholeMeter()
    meter.feed(b'{"object":"list","data":[{"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":5,"total_tokens":5}}')

    assert meter.reading.complete
    assert not meter.reading.empty
    assert meter.reading.usage == Usage(input_tokens=5)


def test_a_whole_reply_is_read_and_passed_untouched():
    body = (
        b'{"choices":[{"message":{"role":"assistant","content":"Hi","x":1},"finish_reason":"stop"}],"usage":'
        b'{"prompt_tokens":1,"completion_tokens":2},"y":{}}'
    )
    meter = WholeMeter()

    assert meter.feed(body) == body
    assert (meter.reading.texts, meter.reading.finish_reason) == (["Hi"], "stop")
    assert meter.reading.usage == Usage(input_tokens=1, output_tokens=2)


def test_an_odd_number_or_reason_of_a_choice_breaks_nothing():
    meter = StreamMeter(keep_usage=False)
    event = b'data: {"choices":[{"index":[7],"delta":{"content":"Hi"},"finish_reason":"st\\u0000op%b"}]}\n\n'
    event %= b"x" * 1000

    assert meter.feed(event) == event
    assert meter.reading.complete
    assert meter.reading.texts == ["Hi"]
    assert meter.reading.finish_reason == "stop" + "x" * 95


def test_thinking_between_tags_is_counted_like_the_answer_beside_it():
    """Chinese has few characters a token."""
    meter, plain, whole = StreamMeter(keep_usage=True), StreamMeter(keep_usage=True), StreamMeter(keep_usage=True)
    thoughts = "我们先想一想这个问题应该怎么回答，" * 20
    for part in ("<think>", thoughts, "</think>", "好"):
        fed(meter, TEXT.replace(b'"Hel"', f'"{part}"'.encode()))
    fed(whole, TEXT.replace(b'"Hel"', f'"<think>{thoughts}</think>好"'.encode()))
    fed(plain, TEXT.replace(b'"Hel"', f'"{thoughts}好"'.encode()))

    assert meter.reading.texts == ["好"]
    assert meter.reading.told == 1
    assert abs(tokens(meter) - tokens(plain)) < 10
    assert abs(tokens(whole) - tokens(plain)) < 10


def tokens(meter: StreamMeter) -> int:
    return _estimate(meter.reading, 0).output_tokens
