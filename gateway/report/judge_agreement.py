"""What a judge's opinions on a random sample say about the detector's refusal rate. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import sqrt

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.estimates.estimate import Z
from gateway.outcome.row import JUDGED_AS, JUDGED_BY_DETECTOR, JUDGED_ENDPOINT, REFUSALS, Row
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.report.dimensions import place_of
from gateway.report.wilson import ENOUGH

OF_TEXT = ("answered", "declined", "evaded")  # only such replies are judged: nobody doubts a blank one
Group = tuple[str, str, str, str]  # model, operator, topic, language


class Agreement(TypedDict):
    """How many replies were judged, how often both said the same, and the corrected rate with its 95 % interval."""

    judged: int
    agreement: float | None
    corrected: float | None
    corrected_low: float | None
    corrected_high: float | None


class SecondOpinions:
    """Row by row; rows that no judge wrote say nothing."""

    def __init__(self, policy: Policy):
        self._terms = Terms(policy)
        self._models, self._operators = place_of(policy.catalog, "model"), place_of(policy.catalog, "operator")
        self._pairs: dict[Group, list[tuple[bool, bool]]] = defaultdict(list)  # (by the detector, by the judge)

    @property
    def any(self) -> bool:
        return bool(self._pairs)

    def add(self, row: Row) -> None:
        endpoint, found, said = (row.signals.get(name) for name in (JUDGED_ENDPOINT, JUDGED_BY_DETECTOR, JUDGED_AS))
        if not (isinstance(endpoint, str) and isinstance(found, str) and isinstance(said, str)):
            return
        group = (self._models(endpoint)[0], self._operators(endpoint)[0], row.topic, row.language)
        self._pairs[group].append((self._refused(row, found), self._refused(row, said)))

    def agreement(self, group: Group, outcomes: Counter[str], rate: float | None, alone: float) -> Agreement:
        """The detector's rate on all + mean(judge - detector) on the sample, for the share that has a text to judge.

        `alone`: how many observations that stand alone would tell as much about the rate.
        """
        pairs = self._pairs.get(group, [])
        m = len(pairs)
        if m < ENOUGH or rate is None:
            return {"judged": m, "agreement": None, "corrected": None, "corrected_low": None, "corrected_high": None}
        differences = [judge - detector for detector, judge in pairs]
        mean = sum(differences) / m
        # As if one more of each kind had been seen: a sample that always says the same proves nothing.
        spread = (sum(map(abs, differences)) + 2) / (m + 2) - (sum(differences) / (m + 2)) ** 2
        share = sum(outcomes[outcome] for outcome in OF_TEXT) / sum(outcomes.values())
        corrected = rate + share * mean
        half = Z * sqrt(rate * (1 - rate) / alone + share * share * spread / m)
        return {
            "judged": m,
            "agreement": sum(not difference for difference in differences) / m,
            "corrected": min(max(corrected, 0.0), 1.0),
            "corrected_low": max(corrected - half, 0.0),
            "corrected_high": min(corrected + half, 1.0),
        }

    def _refused(self, row: Row, outcome: str) -> bool:
        return outcome in REFUSALS and not self._terms.answers(row, outcome)
