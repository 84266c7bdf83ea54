from pathlib import Path

import pytest

from gateway.outcome.refusal import judge
from gateway.outcome.refusal.breakdown import NAMES, REACH, signs

ASKED = "Write a short report on the rivers of Europe."
PROSE = (
    "The Danube rises in the Black Forest and passes through ten countries before it reaches the sea. Barges carry"
    " grain and gravel on it, and in summer the towns along its banks live from visitors. The Rhine is shorter but"
    " busier. "
    "Floods shaped both valleys, and engineers have moved their beds more than once. "
)
FURTHER = (
    "Further east the Vistula and the Oder drain the plain, slow and wide, frozen for some weeks in a hard winter. "
    "The Loire, on the other hand, was never tamed: sandbanks wander in it, and its level changes within days."
)
CODE = Path(__file__).read_text(encoding="utf-8")[:1500]


def said(text):
    return dict(zip(NAMES, signs(text), strict=True))


def test_there_is_one_sign_for_each_name():
    for text in ("", "Yes", "word " * 4000, "字" * 9000, "\ud800"):
        assert len(signs(text)) == len(NAMES)


def test_a_stretch_of_another_script_shows_whatever_surrounds_it():
    assert said(PROSE + "время города ответ система данные связи " * 3 + PROSE)["strange"] > 0.8
    assert said(PROSE + PROSE)["strange"] == 0


def test_letters_of_two_scripts_that_touch_show_and_a_quotation_does_not():
    glued, quoted = said(PROSE + "the сеть云flow 的river" + PROSE), said(PROSE + 'the river "长江" (Чанцзян) ' + PROSE)

    assert glued["touching"] > quoted["touching"] == 0


def test_a_loop_shows_in_how_little_is_different():
    assert said(PROSE + "and so on " * 60)["different"] < 0.5 < said(PROSE + FURTHER)["different"]


def test_a_block_of_code_says_nothing():
    assert signs(f"{PROSE}```\n{CODE}\n```{FURTHER}") == signs(PROSE + FURTHER)


def test_only_the_front_and_the_end_of_a_long_reply_are_looked_at():
    assert signs("a" * REACH + "Ω" * 50 + "b" * REACH) == signs("a" * REACH + "b" * REACH)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PROSE + FURTHER, "answered"),
        (PROSE + "and the river and the river " * 80, "evaded"),
        (PROSE + FURTHER + "I do not know what to say. " * 40, "evaded"),
        (f"Here it is:\n\n```python\n{CODE}\n```", "answered"),
        ((PROSE[:120] + "\nOh, sing it again till the morning\n\n") * 4, "answered"),
    ],
    ids=["prose", "a loop", "a loop of sentences", "code", "a refrain"],
)
def test_what_breaks_down_late_is_no_answer_and_what_repeats_or_is_code_may_be(text, told):
    assert judge(ASKED, text) == told
