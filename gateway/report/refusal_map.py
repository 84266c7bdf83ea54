"""Refusals by weights and topic, for one host or all, in one language or all: the counts behind a heat map. Pure."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.outcome.row import Row
from gateway.policy.compiled import Policy
from gateway.report.refusals import Cell, Count, judged_attempts
from gateway.report.wilson import ENOUGH
from gateway.signals.table import TOPICS

ALL = "all"


class HeatMap(TypedDict):
    """The words of each axis, and a cell for every four that were seen; `all` stands for any host or language."""

    enough: int
    models: list[str]
    operators: list[str]
    topics: list[str]
    languages: list[str]
    cells: list[Cell]


class RefusalMap:
    """Row by row. Every attempt counts in four cells: its own, and those of all hosts and of all languages."""

    def __init__(self, policy: Policy) -> None:
        self._judged = judged_attempts(policy)
        self._counts: dict[tuple[str, str, str, str], Count] = defaultdict(Count)

    def add(self, row: Row) -> None:
        for model, operator, outcome, refused in self._judged(row):
            for host, language in product((operator, ALL), (row.language, ALL)):
                self._counts[model, host, row.topic, language].add(outcome, refused=refused, key_id=row.key_id)

    def plain(self) -> HeatMap:
        """The cells and the words of each axis; of a cell with fewer than `enough` observations the rate is null."""
        models, hosts, topics, languages = (sorted({key[axis] for key in self._counts}) for axis in range(4))
        return {
            "enough": ENOUGH,
            "models": models,
            "operators": [host for host in hosts if host != ALL],
            "topics": [topic for topic in (*TOPICS, "none", "unknown") if topic in topics],
            "languages": [language for language in languages if language != ALL],
            "cells": [self._counts[key].cell(key) for key in sorted(self._counts)],
        }
