"""What judged replies say: the refusal map, agreement over repeats, and what the machines add to the weights. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

from gateway.estimates.estimate import wilson
from gateway.outcome.row import REFUSALS
from gateway.probe.seen import Seen
from gateway.report.wilson import ENOUGH, Cluster, clustered

PLACE = ("model", "operator", "topic", "language")
Rows = list[dict[str, Any]]
Interval = tuple[float, float, float]  # rate, low, high


def refusal_map(seen: Iterable[Seen]) -> Rows:
    """By weights, operator, topic and language; no rate below ENOUGH replies."""
    groups = _by_place(seen)
    return [_row(place, groups[place]) for place in sorted(groups)]


def rate_of(replies: Sequence[Seen]) -> Interval:
    """How many are refusals, with an interval that counts the replies to one question together."""
    clusters: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in replies:
        clusters[each.question][0] += each.refused
        clusters[each.question][1] += 1
    pairs: list[Cluster] = [(hits, size) for hits, size in clusters.values()]
    return clustered(pairs)


def agreement(seen: Iterable[Seen], repeat: int) -> Rows:
    """Of the questions that were asked `repeat` times: how many were answered once, at least once, always alike."""
    rows: Rows = []
    for place, replies in sorted(_by_place(seen).items()):
        tries: dict[str, list[bool]] = defaultdict(list)
        for each in replies:
            tries[each.question].append(each.outcome == "answered")
        whole = [answers for answers in tries.values() if len(answers) == repeat]
        if whole:
            rows.append(dict(zip(PLACE, place, strict=True)) | _agreed(whole, repeat))
    return rows


def hosting(seen: Iterable[Seen]) -> Rows:
    """By how much an operator's machines refuse more than all others that serve the same weights."""
    groups = _by_place(seen)
    rows: Rows = []
    for place in sorted(groups):
        model, operator, topic, language = place
        here = groups[place]
        others = [
            each
            for (other, host, about, spoken), replies in groups.items()
            if (other, about, spoken) == (model, topic, language) and host != operator
            for each in replies
        ]
        if others:
            row = dict(zip(PLACE, place, strict=True)) | {"n": len(here), "n_elsewhere": len(others)}
            rows.append(row | _difference(here, others))
    return rows


def _by_place(seen: Iterable[Seen]) -> dict[tuple[str, str, str, str], list[Seen]]:
    groups: dict[tuple[str, str, str, str], list[Seen]] = defaultdict(list)
    for each in seen:
        if each.judged:
            groups[each.place].append(each)
    return groups


def _row(place: Sequence[str], replies: Sequence[Seen]) -> dict[str, Any]:
    counts = Counter(each.outcome for each in replies)
    rate, low, high = rate_of(replies) if len(replies) >= ENOUGH else (None, None, None)
    return {
        **dict(zip(PLACE, place, strict=True)),
        "n": len(replies),
        **{outcome: counts[outcome] for outcome in REFUSALS},
        "rate": rate,
        "low": low,
        "high": high,
    }


def _agreed(whole: Sequence[Sequence[bool]], repeat: int) -> dict[str, Any]:
    count = len(whole)
    at_one = sum(map(sum, whole)) / (count * repeat)
    at_k = sum(map(any, whole)) / count
    alike = sum(len(set(answers)) == 1 for answers in whole) / count
    low, high = wilson(alike, count)
    enough = count >= ENOUGH
    return {
        "questions": count,
        "repeats": repeat,
        "pass_at_1": at_one if enough else None,
        "pass_at_k": at_k if enough else None,
        "agreement": alike if enough else None,
        "low": low if enough else None,
        "high": high if enough else None,
    }


def _difference(here: Sequence[Seen], others: Sequence[Seen]) -> dict[str, Any]:
    """Of two rates, with Newcombe's interval, which is made of theirs."""
    if min(len(here), len(others)) < ENOUGH:
        return {"rate": None, "rate_elsewhere": None, "difference": None, "low": None, "high": None}
    (one, one_low, one_high), (two, two_low, two_high) = rate_of(here), rate_of(others)
    difference = one - two
    return {
        "rate": one,
        "rate_elsewhere": two,
        "difference": difference,
        "low": difference - sqrt((one - one_low) ** 2 + (two_high - two) ** 2),
        "high": difference + sqrt((one_high - one) ** 2 + (two - two_low) ** 2),
    }
