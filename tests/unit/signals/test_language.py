"""The main language of prompts, long and short, and of what is no language."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.signals.language import LANGUAGES, OTHER, detect, measure
from gateway.signals.text import Passage, Text
from gateway.signals.value import UNKNOWN

GOLDEN = Path(__file__).parents[2] / "golden" / "tokens.jsonl"
PROMPTS = [json.loads(line) for line in GOLDEN.read_text().splitlines()]


@pytest.mark.parametrize("kind", ["en", "zh"])
@pytest.mark.thorough
def test_real_prompts_have_their_language(kind):
    found = [detect(row["text"]) for row in PROMPTS if row["kind"] == kind]

    assert found.count(kind) >= 0.95 * len(found)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "hello"),
        ("en", "What is 2+2?"),
        ("en", "Fix this function: ```python\ndef f(x):\n    return x[::-1]\n``` It should keep the order."),
        ("de", "Wie spät ist es?"),
        ("de", "Erkläre mir bitte, wie ein Quantencomputer funktioniert."),
        ("fr", "Quelle heure est-il ?"),
        ("es", "¿Quién es el presidente?"),
        ("fi", "Mitä kello on?"),
        ("fi", "Kuka on presidentti?"),
        ("it", "Scrivi una poesia sul mare"),
        ("pt", "Escreva um poema sobre o mar"),
        ("pl", "Która jest godzina?"),
        ("cs", "Kolik je hodin?"),
        ("el", "Τι ώρα είναι;"),
        ("ru", "Напиши стихотворение"),
        ("uk", "Напиши вірш, будь ласка"),
        ("ar", "كم الساعة؟"),
        ("zh", "你好"),
        ("zh", "用python写一个排序算法"),
        ("zh", "請用繁體中文回答這個問題"),
        ("ja", "東京の天気を教えてください"),
        ("ko", "지금 몇 시예요?"),
        ("other", "12345"),
        ("other", "def f(x):\n    return x + 1"),
        ("other", "SELECT * FROM users WHERE id = 1;"),
        ("other", '{"a": 1, "b": [1, 2, 3]}'),
        ("other", "🙂🙂"),
        ("other", ""),
    ],
)
def test_a_text_has_its_language(language, text):
    assert detect(text) == language


def test_the_last_user_message_decides():
    text = Text(
        (Passage("system", "You are a helpful assistant."), Passage("user", "Kerro minulle Suomen historiasta."))
    )

    assert measure(text) == "fi"


def test_a_message_that_says_too_little_is_read_with_those_before_it():
    text = Text(
        (Passage("user", "Erkläre mir bitte die Photosynthese."), Passage("assistant", "…"), Passage("user", "?"))
    )

    assert measure(text) == "de"


def test_an_empty_request_has_no_language():
    assert measure(Text(())) is None
    assert measure(Text((Passage("user", " "),))) is None


def test_a_request_that_cannot_be_read_has_an_unknown_language():
    assert measure(Text((Passage("user", "What is this?"),), readable=False)) is UNKNOWN


@pytest.mark.thorough
@settings(deadline=None)
@given(st.text())
def test_any_text_has_a_language_or_other(text):
    assert detect(text) in {*LANGUAGES, OTHER} - {"zxx"}
