"""The published table of falling scores, and what a permutation test makes of it."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from gateway.report.table import NotATable
from tools.shrinkage import Scored, p_values, read_scores, shrinkage

TABLE = Path(__file__).parents[3] / "docs" / "reports" / "aime-2024-2025.csv"


def rows():
    return {row["origin"]: row for row in shrinkage(read_scores(TABLE.read_text()))["rows"]}


@pytest.mark.thorough
def test_the_published_falls_come_out():
    china, west = rows()["CN"], rows()["not CN"]

    assert (round(china["fall_points"], 1), round(china["fall_percent"])) == (13.7, 21)
    assert (round(west["fall_points"], 1), round(west["fall_percent"], 1)) == (4.5, 10.4)


def test_the_published_p_is_the_one_sided_one_of_the_relative_fall():
    china = rows()["CN"]

    assert round(china["p_percent_one_sided"], 2) == 0.09
    assert round(china["p_percent"], 2) == 0.15
    assert china["p_points"] < 0.002


def test_the_p_value_counts_every_division():
    values, inside = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0], [True, False, True, False, False, True]

    def difference(chosen):
        rest = [value for place, value in enumerate(values) if place not in chosen]
        return sum(values[place] for place in chosen) / 3 - sum(rest) / 3

    every = [difference(chosen) for chosen in combinations(range(6), 3)]
    found = difference((0, 2, 5))
    assert list(p_values(values, inside)) == [
        sum(abs(each) >= abs(found) - 1e-9 for each in every) / 20,
        sum(each >= found - 1e-9 for each in every) / 20,
    ]


def test_one_origin_alone_has_no_p_value():
    (row,) = shrinkage([Scored("a", "CN", 50, 40), Scored("b", "CN", 60, 50)])["rows"]

    assert row["p_points"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file needs a header and four columns"),
        ("model,origin,a,b\nx,CN,1", "line 2 is not a model, an origin and two numbers"),
        ("model,origin,a,b\nx,CN,0,1", "line 2: the first score of x must be above 0"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text, message):
    with pytest.raises(NotATable, match=message):
        read_scores(text)


def test_too_many_divisions_are_refused_rather_than_guessed():
    with pytest.raises(NotATable, match="compare fewer models"):
        p_values([float(n) for n in range(60)], [n < 30 for n in range(60)])
