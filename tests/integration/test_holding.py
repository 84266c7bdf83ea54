"""What is judged of a reply before it is handed out: the answer alone, and every choice."""

from __future__ import annotations

import pytest

from gateway.dispatch.dispatch import AGAIN_S
from tests.integration.rerouted import CUT, NO, THOUGHTS, YES, Scene, pieces, said, told

NO_HOLD = ", on_refusal: {reroute: []}"
LOST = {"error": {"message": "worker lost at https://10.0.0.7/x", "type": "server_error"}}


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


@pytest.mark.parametrize("rules", ["", NO_HOLD], ids=["refusals are gone round", "refusals stand"])
@pytest.mark.parametrize("packet", ["one packet", "packets"])
def test_what_came_before_an_error_is_handed_out_if_nobody_else_can_be_asked(rules, packet):
    """It depended on how the bytes came: in one piece, the caller got an error instead of the text."""
    events = [*pieces(YES, ended=False), LOST]
    act = [events] if packet == "one packet" else events
    seen = told({name: [act] for name in "abc"}, Scene(rules=rules), stream=True)

    assert YES[:20].encode() in seen.body
    assert seen.body.count(b'"error"') == 1
    assert b"worker lost" in seen.body
    assert b"10.0.0.7" not in seen.body
    assert seen.attempts[-1] == ("w@c" if packet == "one packet" or not rules else "m@a", "failed")
    assert seen.trail.attempts[-1].usage.output_tokens > 0


@pytest.mark.parametrize("role", [[], [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}]])
def test_an_error_before_any_word_is_a_status(role):
    seen = told({name: [[[*role, LOST]]] for name in "abc"}, Scene(rules=NO_HOLD), stream=True)

    assert seen.reply.status == 502


def test_text_and_an_error_in_one_packet_are_gone_round_where_somebody_else_can_be_asked():
    seen = told({"a": [[[*pieces(YES, ended=False), LOST]]]}, Scene(rules=NO_HOLD), stream=True)

    assert seen.attempts == [("m@a", "failed"), ("m@b", "answered")]
    assert b'"error"' not in seen.body


def test_a_limit_that_is_reached_in_the_middle_is_told_as_one():
    limit = {"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}
    seen = told({"a": [[*pieces(YES, ended=False), limit]]}, Scene(rules=NO_HOLD), stream=True)

    assert b'"code":"rate_limit_exceeded"' in seen.body


BEGUN = [*pieces(YES[:60], ended=False)]
BREAKS = {
    "an event that is not JSON": [*BEGUN, b'data: {"choices": [{"del\n\n', *pieces(YES), None],
    "an end without a finish reason": [*BEGUN, None],
    "an end without anything": BEGUN,
    "a lost connection": [*BEGUN, CUT],
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_stream_that_breaks_in_its_opening_is_asked_for_again_where_the_policy_says_so(broken):
    seen = told({"a": [list(broken)]}, Scene(model="m@a", usd="retry_same: 1"), stream=True)

    assert (seen.attempts, seen.vendors.asked) == ([("m@a", "failed"), ("m@a", "answered")], ["a", "a"])
    assert b"error" not in seen.body and seen.body.count(b"Here is what") == 1
    first, second = seen.trail.attempts
    assert second.started - first.started > AGAIN_S / 2  # after a moment: it may be swamped


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_stream_that_breaks_in_its_opening_is_gone_round(broken):
    assert told({"a": [list(broken)]}, stream=True).attempts == [("m@a", "failed"), ("m@b", "answered")]


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_without_anybody_to_ask_what_came_of_a_broken_stream_is_handed_out(broken):
    seen = told({"a": [list(broken)]}, Scene(model="m@a"), stream=True)

    assert b"Here is what" in seen.body and b"oops" not in seen.body and b"[DONE]" not in seen.body
    assert b'"code": "upstreams_exhausted"' in seen.body or b'"code":"upstreams_exhausted"' in seen.body
