import numpy as np
import pytest

from gateway.outcome.refusal import Detector, judge, load
from gateway.outcome.refusal.features import NAMES, numbers, read_prompt, read_reply
from gateway.outcome.refusal.model import load as load_model
from gateway.outcome.refusal.phrases import ASKED_KINDS, KINDS, finder, plain, straight
from gateway.outcome.refusal.shape import ended, marks, shape, variety
from gateway.outcome.refusal.trees import Trees
from gateway.outcome.thinking import answer

SORRY = "I'm sorry, but I can't help with that."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Paris.", "Paris."),
        ("<think>I must refuse.</think>\n\nParis.", "Paris."),
        ("I must refuse.\n</think>\nParis.", "Paris."),
        ("◁think▷Hm.◁/think▷Paris.", "Paris."),
        ("<thinking>Hm.</thinking> Paris.", "Paris."),
        ("<think>One.</think><think>Two.</think> Paris.", "Paris."),
        ("<think>still going", ""),
        ("Put it between <think> and </think> tags.", "Put it between <think> and </think> tags."),
        ("I think so.", "I think so."),
    ],
)
def test_thinking_is_not_the_answer(text, told):
    assert answer(text) == told


def test_a_refusal_within_thinking_does_not_count():
    detector = Detector("What is the capital of France?")

    detector.feed(f"<think>{SORRY}</think>")
    detector.feed("Paris.")

    assert detector.verdict(final=True) == "answered"


def test_nothing_has_been_refused_before_the_answer_begins():
    detector = Detector("Hello")

    detector.feed("<think>Let me")

    assert (detector.verdict(final=False), detector.verdict(final=True), detector.score) == ("answered", "blank", 0.0)


def test_a_refusal_shows_in_its_first_words():
    detector = Detector("Write a satirical poem about the king")
    for piece in ("I'm ", "sorry, ", "but I ", "can't ", "help with that"):
        detector.feed(piece)

    assert detector.verdict(final=False) == "declined"
    assert detector.score > 0


def test_a_verdict_changes_with_what_follows():
    detector = Detector("Who wrote Emma?")
    detector.feed("  ")
    assert detector.verdict(final=True) == "blank"

    detector.feed("Jane Austen.")

    assert detector.verdict(final=True) == "answered"


def test_text_beyond_what_is_kept_is_not_held():
    detector = Detector("Count")
    for _ in range(150):
        detector.feed("one two three " * 200)

    assert len(detector.text) < 270_000


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("content_filter", "filtered"),
        ("SAFETY", "filtered"),
        ("sensitive", "filtered"),
        ("refusal", "declined"),
        ("length", "truncated"),
        ("max_tokens", "truncated"),
        ("stop", "answered"),
        (None, "answered"),
        ("", "answered"),
    ],
)
def test_a_finish_reason_speaks_before_the_text(reason, outcome):
    assert judge("Who wrote Emma?", "Jane Austen", reason) == outcome


def test_a_refusal_that_is_cut_off_is_still_a_refusal():
    assert judge("Write a satirical poem about the king", SORRY, "length") == "declined"


def test_only_the_answer_counts_towards_a_prefix():
    whole = f"<think>{'The user wants a poem. ' * 20}</think>{SORRY} Let me suggest a poem about spring instead."

    assert judge("Write a satirical poem about the king", whole, prefix=len(SORRY)) == "declined"


def test_an_answer_is_read_however_long_the_thinking_was():
    assert judge("Write a satirical poem about the king", f"<think>{'Hm. ' * 100_000}</think>{SORRY}") == "declined"


def test_phrases_are_found_whatever_their_accents_and_script():
    found = {
        KINDS[kind] for kind, _ in finder(KINDS).spots(plain(straight("Désolé — 無法協助。 I can’t\nassist with it")))
    }

    assert {"apology", "cannot", "help"} <= found


def test_a_prompt_is_read_for_what_it_asks():
    asked = dict(zip(ASKED_KINDS, read_prompt("Write an essay on censorship").numbers, strict=False))

    assert asked == {"asked compose": 2, "asked discuss": 0, "asked ask": 0, "critical": 1}


def test_there_is_one_number_for_each_name():
    prompt = read_prompt("")

    for text in ("", "Yes", "word " * 2000, "字" * 5000):
        for final in (True, False):
            assert len(numbers(prompt, text, read_reply(text, final=final), final=final)) == len(NAMES)


def test_a_reply_is_compared_with_the_subjects_of_its_prompt():
    prompt = read_prompt("写一首关于监控摄像头的诗")

    def shared(text):
        row = numbers(prompt, text, read_reply(text, final=True), final=True)
        return row[NAMES.index("shared_head")]

    assert shared("监控摄像头遍布街头") > shared("春风吹绿了江南") == 0


def test_recitation_in_the_middle_of_a_long_reply_is_seen():
    text = f"{'Plain words. ' * 60}The rule of law, the rule of law.{' Plain words.' * 60}"

    row = numbers(read_prompt("Explain"), text, read_reply(text, final=True), final=True)

    assert row[NAMES.index("middle_official")] == 2


def test_asking_again_gives_the_same_verdict():
    detector = Detector("Write a satirical poem about the king")
    detector.feed(SORRY)

    assert [detector.verdict(final=final) for final in (True, True, False)] == ["declined"] * 3


def test_broken_output_looks_broken():
    broken, sound = map(
        shape, map(marks, ("the 一switch 二of{scripts} camelCase", "Nothing of the kind happens here."))
    )

    assert broken.switches > 0 < broken.humps
    assert broken.code > 0 < broken.ideographs
    assert (sound.switches, sound.humps, sound.code, sound.ideographs) == (0, 0, 0, 0)
    assert variety("again and again and again and again and again ") < variety(
        "no two parts of this are quite the same"
    )
    assert (ended("Done."), ended("完了。"), ended("and then")) == (True, True, False)


def test_trees_add_up_the_leaves_that_a_row_reaches():
    trees = Trees(
        count=2,
        depth=2,
        feature=np.array([0, 1, 0, 1, 0, 0]),
        threshold=np.array([0.5, 2.5, np.inf, 9.0, 0.0, np.inf], np.float32),
        value=np.array([1.0, 1.0, -1.0, -2.0, 10.0, 20.0, -10.0, -10.0]),
        base=0.25,
    )

    assert trees.log_odds(np.array([0.0, 3.0], np.float32)) == 0.25 + 1.0 - 10.0
    assert trees.log_odds(np.array([1.0, 0.0], np.float32)) == 0.25 - 1.0 + 20.0


def test_the_model_is_read_once():
    load()

    assert load_model() is load_model()
