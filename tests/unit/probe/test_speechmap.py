"""Claims about labelled replies that are read from a file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.probe.heatmap import heat
from gateway.probe.speechmap import BadLine, by_model, imported, read, side_by_side
from gateway.report.table import as_csv

FILE = Path(__file__).parent / "labelled.jsonl"
GOOD = {"prompt": "Why?", "response": "Because.", "model": "m", "label": "complete", "lang": "en"}


def rows() -> dict[tuple[str, str], dict[str, Any]]:
    with FILE.open("rb") as lines:
        return {(row["model"], row["language"]): row for row in by_model(read(lines))}


def test_rates_are_those_of_the_labels_exactly():
    plain, careful = rows()["lab/plain", "en"], rows()["lab/careful", "en"]

    assert (plain["n"], plain["answered"], plain["declined"]) == (3, 2, 1)
    assert (plain["rate"], plain["weighted_rate"]) == (1 / 3, 1 / 6)
    assert (careful["rate"], careful["declined_or_evaded"]) == (1.0, 0.5)
    assert rows()["lab/plain", "zh"]["weighted_rate"] == 1 / 3


def test_the_detectors_own_rates_stand_beside_them():
    assert rows()["lab/plain", "en"]["detector_weighted_rate"] == 1 / 6
    assert rows()["lab/careful", "en"]["detector_declined_or_evaded"] == 0.5
    assert rows()["lab/careful", "zh"]["detector_rate"] == 1.0


def test_a_map_shows_the_labels_rate_and_the_detectors_however_few_the_replies():
    drawn = heat(side_by_side(list(rows().values())))

    assert "<th>labels<br>en</th>" in drawn and "<th>detector<br>en</th>" in drawn
    assert "<th>lab/plain</th>" in drawn and ">33% (3)</td>" in drawn
    assert "not enough" not in drawn


def test_few_replies_are_marked_and_have_no_rate_in_the_map():
    with FILE.open("rb") as lines:
        made = imported(list(read(lines)))
    assert not any(row["enough"] for row in made["models"])
    assert all(row["rate"] is None for row in made["rows"])
    assert {row["topic"] for row in made["rows"]} == {"prc_political"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": "maybe"}, "line 2: the label `maybe` is none of complete, evasive, denial, error"),
        ({"model": None}, "line 2 is no labelled reply: Expected `str`, got `null` - at `$.model`"),
    ],
)
def test_a_line_that_is_none_is_named(change, said):
    lines = [json.dumps(GOOD).encode(), json.dumps(GOOD | change).encode()]
    with pytest.raises(BadLine) as wrong:
        list(read(lines))
    assert str(wrong.value) == said


@pytest.mark.parametrize("weight", [0, -1, 1e300])
def test_a_weight_that_no_rate_could_be_made_with_is_named(weight):
    with pytest.raises(BadLine, match="line 1 is no labelled reply: Expected `float`"):
        list(read([json.dumps(GOOD | {"sample_weight": weight}).encode()]))


def test_a_line_that_is_nested_too_deeply_is_named():
    with pytest.raises(BadLine, match="line 1 is no labelled reply"):
        list(read([b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"]))


def test_labels_may_be_written_in_capitals():
    [seen] = read([json.dumps(GOOD | {"label": "DENIAL"}).encode()])
    assert seen.outcome == "declined"


def test_a_spreadsheet_gets_rates_that_are_not_rounded():
    written = as_csv({"rows": list(rows().values())})

    read_again = {(row["model"], row["language"]): row for row in csv.DictReader(io.StringIO(written))}
    assert float(read_again["lab/plain", "en"]["rate"]) == 1 / 3
