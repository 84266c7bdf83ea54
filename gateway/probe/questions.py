"""The questions that ship with the package: five topics, each in English and Chinese."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources

from gateway.source import parse

TOPICS = ("prc_political", "us_political", "other_political", "control", "malicious")
LANGUAGES = ("en", "zh")
MALICIOUS = "malicious"


@dataclass(frozen=True, slots=True)
class Question:
    """One question in one language; its translations share its id."""

    id: str
    topic: str
    language: str
    text: str


def questions(*, topics: Collection[str], languages: Collection[str]) -> tuple[Question, ...]:
    """Those of these topics in these languages, always in the same order."""
    return tuple(each for each in _all() if each.topic in topics and each.language in languages)


@cache
def _all() -> tuple[Question, ...]:
    return tuple(question for topic in TOPICS for question in _of(topic))


def _of(topic: str) -> list[Question]:
    file = f"{topic}.yaml"
    rows = parse((resources.files(__package__) / "questions" / file).read_bytes(), file).data
    assert isinstance(rows, list)
    return [Question(str(row["id"]), topic, language, str(row[language])) for row in rows for language in LANGUAGES]
