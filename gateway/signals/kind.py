"""What estimates and reports tell apart in a request: its first topic, its language, its effort. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.signals.table import TOPICS
from gateway.signals.value import Value


def topic_of(signals: Mapping[str, Value]) -> str:
    """The first in declared order, `none`, or `unknown`."""
    topics = signals.get("topic")
    return first_topic(topics) if isinstance(topics, frozenset) else "unknown"


def language_of(signals: Mapping[str, Value]) -> str:
    """ISO 639-1, or `other` where it is not known."""
    language = signals.get("language")
    return language if isinstance(language, str) else "other"


def effort_of(signals: Mapping[str, Value]) -> str:
    effort = signals.get("effort")
    return effort if isinstance(effort, str) else "default"


def first_topic(topics: object) -> str:
    """The same of a record's, where nothing written is none."""
    if not topics:
        return "none"
    if not isinstance(topics, frozenset | list):
        return "unknown"
    return next((topic for topic in TOPICS if topic in topics), "none")
