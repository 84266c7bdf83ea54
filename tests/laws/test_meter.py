"""However the network cuts a stream, the caller gets the same bytes and the same is read."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.outcome.meter import StreamMeter

CHOICES = st.fixed_dictionaries(
    {"index": st.integers(0, 2), "delta": st.fixed_dictionaries({"content": st.text(max_size=8)})},
    optional={"finish_reason": st.sampled_from([None, "stop", "length"])},
)
EVENTS = st.one_of(
    st.builds(lambda choice: {"choices": [choice]}, CHOICES),
    st.just({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}),
    st.just({"choices": [], "x": {"unknown": True}}),
)


def written(event, newline):
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + newline * 2


STREAMS = st.builds(
    lambda events, newline, done: (
        b"".join(written(e, newline) for e in events) + (b"data: [DONE]\n\n" if done else b"")
    ),
    st.lists(EVENTS, max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.booleans(),
)


def read_of(meter):
    reading = meter.reading
    return reading.texts, reading.finish_reason, reading.usage, reading.complete, meter.done


@given(STREAMS, st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_any_cut_of_a_stream_gives_the_same_bytes_and_reading(stream, cuts, keep):
    whole, cut = StreamMeter(keep_usage=keep), StreamMeter(keep_usage=keep)
    bounds = [0, *sorted(min(at, len(stream)) for at in cuts), len(stream)]

    expected = whole.feed(stream) if stream else b""
    got = b"".join(cut.feed(stream[start:end]) for start, end in pairwise(bounds) if end > start)

    assert got == expected
    assert read_of(cut) == read_of(whole)


@given(STREAMS, st.integers(0, 6), st.booleans())
def test_what_waits_after_enough_is_the_rest_of_the_same_reply(stream, wanted, keep):
    whole, held = StreamMeter(keep_usage=keep), StreamMeter(keep_usage=keep)
    held.enough = lambda: held.reading.events >= wanted

    expected = whole.feed(stream) if stream else b""
    opening = held.feed(stream) if stream else b""

    assert opening + held.resume() == expected
    assert read_of(held) == read_of(whole)


@given(STREAMS)
def test_a_byte_order_mark_before_a_stream_changes_nothing(stream):
    plain, marked = StreamMeter(keep_usage=True), StreamMeter(keep_usage=True)

    assert marked.feed(b"\xef\xbb") + marked.feed(b"\xbf" + stream) == (plain.feed(stream) if stream else b"")
    assert read_of(marked) == read_of(plain)


@given(STREAMS)
def test_with_usage_kept_nothing_is_ever_taken_out_but_an_early_done(stream):
    meter = StreamMeter(keep_usage=True)
    passed = meter.feed(stream) if stream else b""

    assert passed == (stream if meter.reading.complete or not meter.done else stream.removesuffix(b"data: [DONE]\n\n"))


def test_a_long_event_in_small_pieces_is_not_read_from_its_start_at_every_piece():
    """It once took half a minute for two megabytes; nothing here may need a clock to notice."""
    piece = b"data: 1," + b" " * 90 + b"\n"
    meter = StreamMeter(keep_usage=True)

    held = [meter.feed(part) for part in (b"data: [\n", *[piece] * 100_000, b"data: 1]\n")]
    passed = meter.feed(b"\n")

    assert set(held) == {b""}
    assert passed == b"data: [\n" + piece * 100_000 + b"data: 1]\n\n"


@given(STREAMS, st.integers(1, 3), st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_spare_ends_of_lines_are_nothing(stream, spare, cuts, keep):
    plain, spaced = StreamMeter(keep_usage=keep), StreamMeter(keep_usage=keep)
    padded = stream.replace(b"\n\n", b"\n\n" + b"\n" * spare)
    bounds = [0, *sorted(min(at, len(padded)) for at in cuts), len(padded)]

    expected = plain.feed(stream) if stream else b""
    got = b"".join(spaced.feed(padded[start:end]) for start, end in pairwise(bounds) if end > start)

    assert got.split() == expected.split()
    assert read_of(spaced) == read_of(plain)
