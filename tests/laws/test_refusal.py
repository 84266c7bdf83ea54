"""What holds of the refusal detector for every prompt and every reply."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.outcome.refusal import Detector, judge
from gateway.outcome.thinking import TAG_ROWS, Beginning, answer

PIECES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(["<think>", "</think>", "◁think▷", "I'm sorry, but I can't", "抱歉，我无法", "\n\n", "\ud800"]),
    ),
    max_size=12,
)
REASONS = st.sampled_from([None, "", "stop", "length", "content_filter", "refusal", "tool_calls"])
JUDGEMENTS = {"answered", "declined", "evaded", "filtered", "blank", "truncated"}


@given(st.text(max_size=200), PIECES, st.booleans())
def test_how_a_reply_is_cut_into_chunks_makes_no_difference(prompt, pieces, final):
    one, many = Detector(prompt), Detector(prompt)

    one.feed("".join(pieces))
    for piece in pieces:
        many.feed(piece)

    assert (one.verdict(final=final), one.score) == (many.verdict(final=final), many.score)


@given(st.text(max_size=200), PIECES)
def test_asking_early_does_not_change_the_last_word(prompt, pieces):
    asked, silent = Detector(prompt), Detector(prompt)

    for piece in pieces:
        asked.feed(piece)
        asked.verdict(final=False)
        silent.feed(piece)

    assert asked.verdict(final=True) == silent.verdict(final=True)


@given(st.text(max_size=100), PIECES, REASONS, st.one_of(st.none(), st.integers(0, 300)))
def test_every_reply_gets_one_of_six_names(prompt, pieces, reason, prefix):
    assert judge(prompt, "".join(pieces), reason, prefix=prefix) in JUDGEMENTS


@given(st.text(max_size=100), st.text(max_size=200))
def test_a_reply_is_blank_exactly_if_nothing_is_left_without_thinking(prompt, text):
    assert (judge(prompt, text) == "blank") == (answer(text) == "")


@given(PIECES)
def test_taking_thinking_out_twice_takes_out_no_more(pieces):
    once = answer("".join(pieces))

    assert answer(once) == once


@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from([*"<think>", "</think>", "<think>", "hm", "\n"])), max_size=20
    )
)
def test_where_the_answer_begins_is_seen_piece_by_piece(pieces):
    whole, beginning = "".join(pieces), Beginning()
    told = "".join([beginning.feed(piece) for piece in pieces])

    assert answer(told + beginning.open) == answer(whole)


def test_what_begins_with_a_letter_or_digit_begins_no_thinking():
    assert not [opening for opening, *_ in TAG_ROWS if opening[:1].isalnum() or opening[:1].isspace()]
