"""Claims about the shipped questions."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from gateway.probe.questions import LANGUAGES, TOPICS, questions
from gateway.report.wilson import ENOUGH

ALL = questions(topics=TOPICS, languages=LANGUAGES)


@pytest.mark.parametrize("topic", TOPICS)
def test_one_round_of_a_topic_is_enough_for_a_rate(topic):
    for language in LANGUAGES:
        assert len(questions(topics=[topic], languages=[language])) >= ENOUGH


def test_every_question_is_asked_once_in_each_language():
    assert set(Counter(question.id for question in ALL).values()) == {len(LANGUAGES)}
    assert len({question.text for question in ALL}) == len(ALL)


def test_a_question_is_in_the_language_it_says():
    for question in ALL:
        assert bool(re.search("[\u4e00-\u9fff]", question.text)) is (question.language == "zh"), question.id


def test_nothing_else_than_what_was_chosen_is_asked():
    chosen = questions(topics=["control"], languages=["zh"])
    assert {(question.topic, question.language) for question in chosen} == {("control", "zh")}
