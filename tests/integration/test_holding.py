"""What is judged of a reply before it is handed out: the answer alone, and every choice."""

from __future__ import annotations

from tests.integration.rerouted import NO, THOUGHTS, YES, pieces, said, told


def test_a_refusal_behind_thinking_between_tags_is_gone_round():
    """Thinking in the text once used up the hold, and the refusal behind it was committed."""
    seen = told({"a": [[*pieces(THOUGHTS + NO), None]]}, stream=True)

    assert seen.attempts[0] == ("m@a", "declined")
    assert seen.vendors.asked == ["a", "b"]
    assert b"sorry" not in seen.body


def test_nothing_but_thinking_or_white_space_is_blank():
    for text in (THOUGHTS, "\n \n"):
        for act in ((200, said(text)), [*pieces(text), None]):
            seen = told({"a": [act]}, stream=isinstance(act, list))

            assert seen.attempts == [("m@a", "blank"), ("m@a", "answered")]


def test_an_answer_behind_very_long_thinking_is_an_answer():
    long = "<think>" + "hm " * 40_000 + "</think>"

    assert told({"a": [(200, said(long + YES))]}).attempts == [("m@a", "answered")]
    assert told({"a": [(200, said(long + NO))]}).attempts[0] == ("m@a", "declined")


def test_choices_that_come_one_after_another_are_all_awaited():
    """The second answers: the refusal of the first does not count."""
    seen = told({"a": [[*pieces(NO), *pieces(YES, 1), None]]}, stream=True, n=2)

    assert seen.attempts == [("m@a", "answered")]
    assert b"sorry" in seen.body


def test_a_choice_that_is_long_and_finished_is_one_choice():
    """It once counted twice, and the refusal of the second choice was not awaited."""
    begun = {"choices": [{"index": 1, "delta": {"content": "I"}}]}
    seen = told({"a": [[begun, *pieces(NO * 2), *pieces(NO[1:], 1), None]]}, stream=True, n=2)

    assert seen.attempts[0] == ("m@a", "declined")
    assert seen.vendors.asked == ["a", "b"]


def test_a_choice_that_was_filtered_beside_an_answer_is_no_refusal_whatever_their_order():
    for texts in ((YES, None), (None, YES)):
        assert told({"a": [(200, said(*texts))]}, n=2).attempts == [("m@a", "answered")]
    assert told({"a": [(200, said(None, None))]}, n=2).attempts[0] == ("m@a", "filtered")
