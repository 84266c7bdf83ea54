"""Claims about folding and hashed n-grams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signals import ngrams


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Tiānānmén", "tiananmen"),
        ("𝐓𝐢𝐚𝐧", "tian"),
        ("ｆｕｌｌ", "full"),
        ("тіаnаn\u200bmen", "tiananmen"),
        ("臺灣獨立", "台湾独立"),
        ("한국", "한국"),
        ("ⓣⓘ", "ti"),
        ("", ""),
    ],
)
def test_disguised_letters_are_made_plain(written, plain):
    assert ngrams.unfold(ngrams.fold(written)) == plain


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_text_in_plain_letters_folds_as_it_does_beside_others(text):
    np.testing.assert_array_equal(ngrams.fold(text), ngrams.fold(text + "天")[:-1])


@given(st.text())
def test_folding_twice_changes_nothing(text):
    once = ngrams.unfold(ngrams.fold(text))

    assert ngrams.unfold(ngrams.fold(once)) == once


@given(st.text(max_size=300))
def test_tokens_cover_every_letter_and_nothing_else(text):
    codes = ngrams.fold(text)
    starts, ends, _ = ngrams.tokens(codes)
    joined = "".join(ngrams.unfold(codes[start:end]) for start, end in zip(starts, ends, strict=True))

    assert joined == "".join(letter for letter in ngrams.unfold(codes) if letter.isalnum() or _single(letter))


def _single(letter: str) -> bool:
    return "\u3041" <= letter < "\u3100" or "\u3400" <= letter < "\ua000" or "\uac00" <= letter < "\ud7a4"


def test_a_word_has_the_same_bucket_wherever_it_stands():
    first = ngrams.features(ngrams.fold("protest in the square"), 18)
    later = ngrams.features(ngrams.fold("there was a long and loud protest"), 18)

    assert first[0, 0] == later[0, -1]


def test_inflections_share_their_stem():
    rows = ngrams.features(ngrams.fold("censored censorship"), 18)

    assert rows[0, 0] != rows[0, 1]
    assert rows[1, 0] == rows[1, 1]


@given(st.text(max_size=400), st.integers(10, 20))
def test_buckets_stay_within_the_table(text, bits):
    assert (ngrams.features(ngrams.fold(text), bits) < 2**bits).all()


def test_one_window_over_all_tokens_scores_like_the_whole_text():
    model = _model()
    codes = ngrams.fold("a few plain words about nothing in particular 天气很好")

    np.testing.assert_allclose(model.windows(codes, 1000)[0][0], model.scores(codes), rtol=1e-4)


def test_a_window_scores_like_its_own_words():
    model = _model()
    codes = ngrams.fold("one two three four five six seven eight nine")
    scores, begins = model.windows(codes, 4)
    last = codes[begins[-2] :]

    assert [ngrams.unfold(codes[begin : begin + 5]) for begin in begins] == ["one t", "three", "five ", "seven", "nine"]
    assert len(scores) == len(begins)
    np.testing.assert_allclose(scores[-2], model.scores(last), rtol=1e-3)
    np.testing.assert_allclose(scores[-1] - model.bias, (model.scores(codes) - model.bias) * (2 / 5) ** 0.5, rtol=1e-3)


def test_named_features_add_their_weight_in_full():
    model = _model()
    codes = ngrams.fold("some words")

    np.testing.assert_allclose(
        model.scores(codes, ["short"]) - model.scores(codes), model.extra(["short"]), rtol=1e-3, atol=1e-5
    )


def test_an_empty_text_scores_its_bias():
    model = _model()

    np.testing.assert_allclose(model.scores(ngrams.fold("")), model.bias)
    np.testing.assert_allclose(model.windows(ngrams.fold(""), 10)[0], [model.bias])


def test_buckets_are_looked_up_in_the_row_that_they_have():
    model = _model()
    rows = np.random.default_rng(7).permutation(2**10).astype(np.uint16)
    moved = replace(model, table=model.table[np.argsort(rows)], rows=rows)
    codes = ngrams.fold("a few plain words 天气很好")

    np.testing.assert_allclose(moved.scores(codes), model.scores(codes))
    np.testing.assert_allclose(moved.windows(codes, 4)[0], model.windows(codes, 4)[0])


@pytest.mark.thorough
def test_words_without_a_row_of_their_own_only_thin_the_evidence():
    from training import linear  # with scikit-learn, which takes seconds to import

    fitted = linear.fit(
        [linear.Example(text, {"good": int(text.startswith("fine"))}) for text in ("fine day", "bad day") * 9],
        ("good",),
        bits=12,
        strength=1.0,
        most=16,
    )
    model = linear.packed(fitted)
    plain, thinned = (model.scores(ngrams.fold(text)) - model.bias for text in ("fine", "fine zebra quagga"))

    np.testing.assert_allclose(model.scores(ngrams.fold("zebra quagga")), model.bias)
    assert 0 < thinned < plain


def _model() -> ngrams.Linear:
    noise = np.random.default_rng(7)
    table = noise.normal(size=(2**10, 3)).astype(np.float32)
    table[:, 2] = np.abs(table[:, 2])
    extras = noise.normal(size=(2**ngrams.EXTRA_BITS, 2)).astype(np.float32)
    return ngrams.Linear(("one", "two"), 10, table, extras, np.array([0.5, -0.25], np.float32))
