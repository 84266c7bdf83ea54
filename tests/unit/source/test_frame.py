"""Problems as authors read them."""

from __future__ import annotations

from gateway.errors import Place, Problem
from gateway.source import frame


def test_the_sample_of_the_guide():
    text = "\n" * 13 + "    when: {pi: [email]}\n"
    problem = Problem("no signal is called `pi`", Place("policies/policy.yaml", 14, 12, 2), "did you mean `pii`?")

    assert (
        frame(problem, text)
        == """\
error: no signal is called `pi`
 --> policies/policy.yaml:14:12
   |
14 |     when: {pi: [email]}
   |            ^^
   = help: did you mean `pii`?"""
    )


def test_ideographs_take_two_columns_and_tabs_one():
    problem = Problem("odd", Place("x.yaml", 1, 4, 2))

    assert frame(problem, "\t你a你好").split("\n")[-2:] == ["1 |  你a你好", "  |     ^^^^"]


def test_a_long_line_is_cut_around_the_spot():
    problem = Problem("odd", Place("x.yaml", 1, 5001, 3))

    line, spot = frame(problem, "a" * 5000 + "XYZ" + "b" * 5000).split("\n")[-2:]

    assert line[spot.index("^") : spot.index("^") + 3] == "XYZ" and len(line) < 180


def test_without_a_place_there_is_only_the_sentence_and_the_way_out():
    assert frame(Problem("odd", None, "do it", "note"), "text") == "note: odd\n  = help: do it"
