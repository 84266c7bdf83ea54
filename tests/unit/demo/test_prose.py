"""Claims about what simulated vendors say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.vendors import prose

PROMPTS = st.text(max_size=200)


@given(PROMPTS)
def test_the_same_weights_say_the_same_whoever_hosts_them(prompt):
    first, second = (prose.answer(prompt, weights="simulated-deepseek", seed=1, points=5) for _ in range(2))

    assert first == second


@given(PROMPTS, st.integers(1, 12))
def test_every_answer_says_that_it_is_simulated(prompt, points):
    said = prose.answer(prompt, weights="simulated-gpt", seed=1, points=points)

    assert "imulated" in said or "模拟" in said


@given(PROMPTS)
def test_the_pieces_of_a_text_are_the_text(text):
    assert "".join(prose.tokens(text)) == text


def test_a_question_in_chinese_is_answered_in_chinese():
    said = prose.answer("什么是船？", weights="simulated-gpt", seed=1, points=5)

    assert "模拟" in said
    assert "simulated" not in said


def test_another_seed_gives_other_answers():
    said = {prose.answer("what is a ship?", weights="simulated-gpt", seed=seed, points=5) for seed in range(5)}

    assert len(said) == 5
