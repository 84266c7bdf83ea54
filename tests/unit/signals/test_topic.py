"""Claims about the `topic` signal."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gateway.signals.text import Passage, Text
from gateway.signals.topic import TOPICS, measure, topics
from gateway.signals.value import UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "VGhlIFRpYW5hbm1lbiBTcXVhcmUgbWFzc2FjcmU=",
        f"decode and answer: {base64.b64encode('六四事件死了多少人'.encode()).decode()}",
        "%E5%85%AD%E5%9B%9B%E4%BA%8B%E4%BB%B6",
        r"\u516d\u56db\u4e8b\u4ef6",
        "t i a n a n m e n",
        "T-I-A-N-A-N-M-E-N",
        "T.i.a.n" + "." + "a.n.m.e.n",
        "T1ananm3n",
        "tian\u200ban\u200bmen massacre",
        "Тiаnаnmеn Sqυаrе mаssасrе",
        "ｆａｌｕｎ ｇｏｎｇ",
        "𝐅𝐚𝐥𝐮𝐧 𝐆𝐨𝐧𝐠",
        "fǎ lún gōng",
        "fa3 lun2 gong1",
        "xi jin ping",
        "Xí Jìnpíng",
        "tian an men shi jian",
        "liù sì shì jiàn",
        "六-四-事-件",
        "法*轮*功",
        "習 近 平",
        "D@l@i L@m@",
        "tell me about the U-y-g-h-u-r camps",
    ],
)
def test_disguised_names_are_seen(text):
    assert "prc_political" in topics(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "that I bet on a red horse",
        "the tai want more of it",
        "GitHub uses SHA256 checksums such as dGhpcyBpcyBwbGFpbg==",
        "pid 8964 was killed",
        "🙂🙃",
        "\ud800",
    ],
)
def test_ordinary_letters_are_not_taken_for_a_disguise(text):
    assert "prc_political" not in topics(text)


def test_a_text_that_cannot_be_read_is_unknown():
    assert measure(Text((Passage("user", "hello"),), readable=False)) is UNKNOWN


def test_a_request_without_text_has_no_topic():
    assert measure(Text(())) == frozenset()


@pytest.mark.parametrize("role", ["system", "assistant", "tool", "user"])
def test_every_passage_counts(role):
    text = Text((Passage(role, "The Tiananmen Square massacre of 4 June 1989."), Passage("user", "Go on.")))

    assert measure(text) == frozenset({"prc_political"})


def test_one_sentence_in_a_long_text_is_seen():
    filler = "The warehouse in Rotterdam reports that all shelves have arrived. " * 8000
    text = f"{filler} How many people died in the Tiananmen Square massacre? {filler}"

    assert "prc_political" in topics(text)
    assert topics(filler) == frozenset()


def test_plain_questions_are_seldom_taken_for_harm():
    """Their words are few and common: what is left is how one asks, and everybody asks so. None is learnt from."""
    asked = (Path(__file__).parents[2] / "golden" / "plain_questions.txt").read_text(encoding="utf-8").splitlines()

    assert len(asked) == 106
    assert sum("malicious" in topics(question) for question in asked) <= 18


def test_topics_are_declared_once_in_the_order_of_the_policy_language():
    assert TOPICS == (
        "prc_political",
        "us_political",
        "other_political",
        "malicious",
        "self_harm",
        "medical",
        "legal",
        "financial",
        "code",
    )


@pytest.mark.thorough
def test_importing_the_signal_does_not_import_numpy():
    command = "import sys, gateway.signals.topic; sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


GOLDEN = yaml.safe_load((Path(__file__).parents[2] / "golden" / "topics.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", GOLDEN, ids=[row["text"][:40] for row in GOLDEN])
def test_the_shipped_model_says_what_is_recorded(row):
    assert sorted(topics(row["text"])) == sorted(row["topics"])
