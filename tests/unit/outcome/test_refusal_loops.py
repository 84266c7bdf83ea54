"""Claims about the refusal detector's compiled loops: they say what numpy and Python say."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.outcome.refusal import breakdown, features, model, shape, subjects
from gateway.outcome.refusal.phrases import straight
from gateway.signals import luajit

pytest.importorskip("lupa", reason="the lock has it; an environment of before has not")

REPLIES = Path(__file__).parents[3] / "training" / "refusal" / "speechmap.jsonl.xz"
EVERY = 24  # of the recorded replies one is compared: there are thousands
TEXTS = st.text(max_size=300) | st.text("abAB 1.中文б🙂\n", max_size=700)


@pytest.fixture
def recorded() -> list[dict[str, str]]:
    with lzma.open(REPLIES) as lines:
        return [msgspec.json.decode(line) for line in list(lines)[::EVERY]]


@pytest.fixture
def by_numpy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for cached in (model.load, subjects._loop, shape._loop, breakdown._loop):
        cached.cache_clear()
    monkeypatch.setattr(luajit, "_runtime", lambda: None)
    yield
    for cached in (model.load, subjects._loop, shape._loop, breakdown._loop):
        cached.cache_clear()


def _scores(rows: list[dict[str, str]]) -> list[model.Score]:
    asked = [(features.read_prompt(row["prompt"]), row["response"]) for row in rows if row["response"]]
    whole = [model.load().score(prompt, answer, final=True) for prompt, answer in asked]
    return [*whole, *(model.load().score(prompt, answer[:160], final=False) for prompt, answer in asked)]


@pytest.fixture
def compiled(recorded: list[dict[str, str]]) -> list[model.Score]:
    return _scores(recorded)


@pytest.mark.thorough
def test_recorded_replies_score_the_same_as_by_numpy(
    recorded: list[dict[str, str]], compiled: list[model.Score], by_numpy: None
):
    found = _scores(recorded)

    assert [(one.refused > 0, one.declined > 0) for one in found] == [(o.refused > 0, o.declined > 0) for o in compiled]
    np.testing.assert_allclose([one.refused for one in found], [one.refused for one in compiled], atol=1e-9)


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.integers(0, 300))
def test_a_text_looks_the_same_as_by_numpy(text: str, ending: int):
    assert shape.look(text, ending) == shape.look_by_numpy(text, ending)


@pytest.mark.thorough
@settings(max_examples=80, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 12))
def test_signs_of_a_breakdown_are_those_of_numpy(text: str, other: str, times: int):
    answer = (text * times + other)[: 2 * breakdown.REACH]
    found = breakdown.signs(answer)

    if "```" not in answer:
        np.testing.assert_allclose(found, breakdown.signs_by_numpy(answer), rtol=1e-12, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.integers(1, 200))
def test_subjects_come_back_where_python_finds_them(prompt: str, head: str, tail: str, lead: int):
    texts = straight(prompt), straight(head + prompt[10:40]), straight(tail + prompt[:30])

    assert subjects.shared(*texts, lead) == subjects.shared_by_python(*texts, lead)


def test_trees_walk_as_numpy_does():
    chance = np.random.default_rng(5)
    for trees in (model.load().whole.refused, model.load().opening.declined, model.load().suspect):
        for _ in range(50):
            at = chance.integers(0, len(trees.threshold), int(trees.feature.max()) + 1)
            row = trees.threshold[at] + chance.choice(np.array([0, 0, 1e-3, -5, 5], np.float32), len(at))
            assert trees.log_odds(row) == pytest.approx(trees.log_odds_by_numpy(row), abs=1e-9)
