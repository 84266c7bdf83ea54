"""Claims about loops that LuaJIT compiles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.signals import luajit, ngrams, topic
from gateway.signals.topic import classify

pytest.importorskip("lupa", reason="the lock has it; an environment of before has not")


@pytest.fixture
def nothing_compiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(luajit, "_runtime", lambda: None)
    classify.model.cache_clear()
    yield
    classify.model.cache_clear()


def test_loops_are_compiled_here():
    assert luajit.loop("gateway.signals", "ngrams.lua", 2, 10, 0, 0, 0, 0, 1) is not None


def test_where_nothing_is_compiled_numpy_finds_the_same(nothing_compiles: None):
    assert luajit.loop("gateway.signals", "ngrams.lua", 2, 10, 0, 0, 0, 0, 1) is None
    assert topic.topics("What happened on Tiananmen Square in 1989?") == {"prc_political"}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400) | st.text("ab é中文ー'1.", max_size=900), st.integers(1, 60))
def test_windows_score_as_by_numpy(text: str, half: int):
    codes = ngrams.fold(text)
    scores, begins = classify.model().windows(codes, 2 * half)
    expected, expected_begins = classify.model().windows_by_numpy(codes, 2 * half)

    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)
    assert begins == expected_begins


def test_no_more_than_the_limit_is_read():
    codes = ngrams.fold("words of no meaning " * 1000)
    model = classify.model()

    np.testing.assert_array_equal(model.windows(codes, 96)[0], model.windows(codes[: ngrams.LIMIT], 96)[0])


def test_a_text_is_kept_while_it_is_read():
    """Garbage is collected while a loop runs; what it reads must not be among it."""
    texts = [ngrams.fold(f"{number} words that are read " * 40) for number in range(2_000)]
    found = [classify.model().windows(codes, 96)[0] for codes in texts]

    np.testing.assert_array_equal(found, [classify.model().windows(codes, 96)[0] for codes in texts])
