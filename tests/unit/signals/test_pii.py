"""Personal data of each kind, measured on others' collections and on sentences of our own."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from gateway.signals.pii import KINDS, Finding, find, groups, measure, national_ids
from gateway.signals.text import Passage, Text
from gateway.signals.value import UNKNOWN

GOLDEN = Path(__file__).parents[2] / "golden"
# From microsoft/presidio, presidio-research and id-validator (MIT); `source` names which.
COLLECTED = [json.loads(line) for line in (GOLDEN / "pii.jsonl").read_text().splitlines()]
WRITTEN = yaml.safe_load((GOLDEN / "pii_written.yaml").read_text())


def score(kind):
    """Precision and recall on the collected rows; a finding counts if it overlaps a span of its kind."""
    counts: Counter[str] = Counter()
    for row in COLLECTED:
        spans = [(start, end) for name, start, end in row["spans"] if name == kind]
        found = [finding for finding in find(row["text"]) if finding.kind == kind]
        counts["spans"] += len(spans)
        counts["found"] += len(found)
        counts["right"] += sum(any(f.start < end and start < f.end for start, end in spans) for f in found)
        counts["met"] += sum(any(f.start < end and start < f.end for f in found) for start, end in spans)
    return counts["right"] / counts["found"], counts["met"] / counts["spans"]


@pytest.mark.parametrize(
    ("kind", "precision", "recall"),
    [
        ("email", 0.95, 0.95),
        ("card", 0.95, 0.95),
        ("iban", 0.95, 0.95),
        ("national_id", 0.95, 0.95),
        ("phone", 0.80, 0.85),
        ("ip_address", 0.95, 0.90),
    ],
)
def test_a_kind_is_found_where_others_found_it_and_nowhere_else(kind, precision, recall):
    reached = score(kind)

    assert reached[0] >= precision
    assert reached[1] >= recall


@pytest.mark.parametrize("row", WRITTEN["found"], ids=lambda row: row["text"])
def test_a_sentence_holds_what_was_put_into_it(row):
    assert [finding.kind for finding in find(row["text"])] == [row["of"]]


@pytest.mark.parametrize("text", WRITTEN["clean"])
def test_a_number_that_is_nobodys_is_not_personal_data(text):
    assert find(text) == []


def test_a_finding_says_where_it_stands():
    text = "Call +358 40 1234567 or write to jane@example.com."

    assert find(text) == [Finding("phone", 5, 20), Finding("email", 33, 49)]


def test_full_width_digits_keep_their_places():
    text = "身份证号码：１１０１０５１９４９１２３１００２Ｘ。"

    assert find(text) == [Finding("national_id", 6, 24)]


def test_a_number_with_invisible_characters_in_it_is_seen():
    assert find("pay 4111\u200b1111\u20601111\u00ad1111 now") == [Finding("card", 4, 23)]


def test_every_passage_of_a_request_counts():
    text = Text((Passage("system", "Server 10.0.0.1"), Passage("tool", '{"to":"jane@example.com"}')))

    assert measure(text) == frozenset({"ip_address", "email"})


def test_a_request_that_cannot_be_read_whole_has_unknown_data():
    assert measure(Text((Passage("user", "What is this?"),), readable=False)) is UNKNOWN


def test_a_table_of_figures_too_long_to_check_has_unknown_data():
    assert measure(Text((Passage("user", "4821.22 9938 10293 88210, 5523 " * 10_000),))) is UNKNOWN


@pytest.mark.parametrize("row", national_ids.ROWS, ids=lambda row: getattr(row.check, "__name__", row.check))
def test_the_words_of_an_id_can_be_looked_for_as_plain_strings(row):
    bare = row.words.replace(r"\b", "").replace(r"\.", "")

    assert row.words == national_ids.NEVER or not set(bare) & set("\\()[]{}?*+.^$")


def test_the_kinds_are_those_of_the_policy_language():
    assert KINDS == ("email", "phone", "card", "iban", "national_id", "ip_address")


def test_a_number_split_over_passages_is_found():
    split = tuple(Passage("user", part) for part in ("my card is 4111", "1111", "1111", "1111, thanks"))

    assert measure(Text(split)) == frozenset({"card"})


def test_a_whole_number_beside_another_passage_s_digits_is_still_found():
    beside = (Passage("user", "there are 15"), Passage("user", "4111 1111 1111 1111"))

    assert measure(Text(beside)) == frozenset({"card"})


def test_a_phone_number_ends_where_the_next_number_begins():
    text = "131052-308T +358 40 1234567 4111 1111 1111 1111 call 212-555-0123"

    assert [(found.kind, text[found.start : found.end]) for found in find(text)] == [
        ("national_id", "131052-308T"),
        ("phone", "+358 40 1234567"),
        ("card", "4111 1111 1111 1111"),
        ("phone", "212-555-0123"),
    ]


def test_no_digit_of_any_script_stands_above_those_that_are_looked_at():
    digits = {chr(code) for code in range(0x80, sys.maxunicode + 1) if chr(code).isdecimal()}

    assert digits == {chr(code) for code in groups._DIGITS}
