"""The estimate against counts that real tokenizers gave (tests/golden/tokens.jsonl, texts by SpeechMap, Apache-2.0)."""

import json
from pathlib import Path
from statistics import median

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signals.read import read
from gateway.signals.text import Passage, Text
from gateway.signals.tokens import FAMILIES, PER_MESSAGE, count, measure, of_fields

GOLDEN = Path(__file__).parents[2] / "golden" / "tokens.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
CALIBRATED = sorted(name for name, family in FAMILIES.items() if family.calibrated)


@pytest.mark.parametrize("kind", ["en", "zh", "code"])
@pytest.mark.parametrize("family", CALIBRATED)
def test_the_estimate_is_within_a_tenth_of_the_real_tokenizer_at_the_median(family, kind):
    rows = [row for row in ROWS if row["kind"] == kind]

    errors = [abs(count(row["text"], family) - row["tokens"][family]) / row["tokens"][family] for row in rows]

    assert len(rows) >= 10
    assert median(errors) <= 0.10


def test_a_tokenizer_that_no_package_ships_is_marked_uncalibrated():
    assert {name for name, family in FAMILIES.items() if not family.calibrated} == {
        "claude",
        "gemini",
        "glm",
        "grok",
        "kimi",
        "minimax",
    }


@given(st.text())
def test_any_text_has_a_count(text):
    assert (count(text) == 0) == (text == "")


def test_a_request_counts_its_passages_and_their_delimiters():
    text = Text((Passage("system", "Be brief."), Passage("user", "Hello")))

    assert measure(text) == count("Be brief.") + count("Hello") + 2 * PER_MESSAGE


def body(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=dict[str, msgspec.Raw])


@pytest.mark.parametrize("row", ROWS[::7], ids=lambda row: row["text"][:20])
def test_counting_json_agrees_with_counting_what_was_read(row):
    fields = body(messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": row["text"]}])

    assert of_fields(fields) == pytest.approx(measure(read("chat", fields)), rel=0.02, abs=2)


def test_tools_and_what_they_said_are_counted():
    call = {"type": "function", "id": "1", "function": {"name": "weather", "arguments": '{"city": "Helsinki"}'}}
    fields = body(
        tools=[{"type": "function", "function": {"name": "weather", "description": "The weather of a city " * 20}}],
        messages=[{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "content": "mild"}],
    )

    assert of_fields(fields) == pytest.approx(measure(read("chat", fields)), rel=0.3)


def test_an_image_costs_no_tokens_for_its_bytes():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    fields = body(messages=[{"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}])

    assert of_fields(fields) < 20


def test_escaped_letters_count_as_the_letters_they_are():
    spelled = {"messages": msgspec.Raw(json.dumps([{"role": "user", "content": "今天天气很好" * 20}]).encode())}
    plain = body(messages=[{"role": "user", "content": "今天天气很好" * 20}])

    assert of_fields(spelled) == pytest.approx(of_fields(plain), rel=0.05)
