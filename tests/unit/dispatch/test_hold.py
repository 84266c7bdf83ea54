"""How long the opening of a reply is held."""

from gateway.dispatch.hold import HELD_BYTES, Hold
from gateway.outcome.reading import Reading
from gateway.outcome.wire import Choice, Event, Part
from gateway.policy.rules import OnRefusal

RULES = OnRefusal(
    reroute=frozenset({"declined"}), except_topics=frozenset(), prefer="listed",
    hold_chars=10, hold_seconds=1.5, thinking_s=20, hops=2,
)  # fmt: skip


def heard(*parts, finish=None, index=0):
    reading = Reading()
    for part in parts:
        reading.add(Event(choices=[Choice(index=index, delta=part)]))
    if finish:
        reading.add(Event(choices=[Choice(index=index, finish_reason=finish)]))
    return reading


def holds(reading, *, at=0.0, rules=RULES, choices=1, held_bytes=100, hold=None):
    return (hold or Hold(rules, choices)).more(reading, held_bytes=held_bytes, at=at)


def test_without_rules_the_first_event_is_enough():
    assert holds(heard(), rules=None)
    assert not holds(heard(Part()), rules=None)


def test_text_is_held_until_there_is_enough_of_it():
    assert holds(heard(Part(content="I cannot")))
    assert not holds(heard(Part(content="I cannot help with that")))


def test_the_seconds_run_from_the_first_character():
    hold = Hold(RULES, 1)

    assert holds(heard(Part(content="I")), at=100.0, hold=hold)
    assert hold.until() == 101.5
    assert not holds(heard(Part(content="I can")), at=101.5, hold=hold)


def test_reasoning_is_held_for_its_own_time():
    hold = Hold(RULES, 1)

    assert holds(heard(Part(reasoning_content="Hmm, let me think about this")), at=5.0, hold=hold)
    assert not holds(heard(Part(reasoning_content="Hmm")), at=25.0, hold=hold)


def test_a_tool_call_ends_the_hold():
    assert not holds(heard(Part(tool_calls=[{"index": 0}])))


def test_a_finished_reply_ends_the_hold():
    assert not holds(heard(Part(content="No."), finish="stop"))


def test_a_long_opening_ends_the_hold():
    assert not holds(heard(Part(reasoning_content="Hmm")), held_bytes=HELD_BYTES + 1)


def test_every_choice_is_awaited():
    both = heard(Part(content="I cannot help with that"))
    assert holds(both, choices=2)

    both.add(Event(choices=[Choice(index=1, delta=Part(content="Of course, here it is"))]))

    assert not holds(both, choices=2)


def test_where_a_refusal_would_stand_the_first_sign_of_life_ends_the_hold():
    assert holds(heard(Part()), hold=Hold(RULES, 1, only_blank=True))
    assert not holds(heard(Part(content="I")), hold=Hold(RULES, 1, only_blank=True))
    assert not holds(heard(Part(reasoning_content="Hmm")), hold=Hold(RULES, 1, only_blank=True))


def test_only_what_may_be_gone_round_is_told_from_its_opening():
    assert Hold(RULES, 1).tells
    assert not Hold(RULES, 1, only_blank=True).tells
    assert not Hold(None, 1).tells


def test_silence_after_the_first_event_is_thinking_that_is_not_shown():
    for blank in (False, True):
        hold = Hold(RULES, 1, only_blank=blank)

        assert holds(heard(Part(content="")), at=5.0, hold=hold)
        assert hold.until() == 25.0
        assert not holds(heard(Part(content="")), at=25.0, hold=hold)


def test_the_seconds_of_the_text_run_behind_a_long_silence():
    hold = Hold(RULES, 1)
    assert holds(heard(Part(content="")), at=5.0, hold=hold)

    assert holds(heard(Part(content="I")), at=24.9, hold=hold)
    assert hold.until() == 26.4


def test_where_only_a_break_is_waited_for_thinking_is_handed_out_and_text_held():
    hold = Hold(RULES, 1, only_breaks=True)

    assert holds(heard(Part(content="Hel")), hold=hold)
    assert not holds(heard(Part(reasoning_content="hm")), hold=hold)
