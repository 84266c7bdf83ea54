"""Problems as authors read them."""

from __future__ import annotations

from gateway.errors import Place, Problem
from gateway.source import frame, read


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


def test_lines_begin_where_the_parser_begins_them():
    (problem,) = read("a: 1\rb: 2\u2028c: 3\r\na: 4".encode(), "x.yaml")[1]

    assert problem.place == Place("x.yaml", 4, 1, 1)
    assert frame(problem, "a: 1\rb: 2\u2028c: 3\r\na: 4").split("\n")[3] == "4 | a: 4"


def test_a_long_line_is_cut_around_the_spot():
    problem = Problem("odd", Place("x.yaml", 1, 5001, 3))

    line, spot = frame(problem, "a" * 5000 + "XYZ" + "b" * 5000).split("\n")[-2:]

    assert line[spot.index("^") : spot.index("^") + 3] == "XYZ" and len(line) < 180


def test_without_a_place_there_is_only_the_sentence_and_the_way_out():
    assert frame(Problem("odd", None, "do it", "note"), "text") == "note: odd\n  = help: do it"
