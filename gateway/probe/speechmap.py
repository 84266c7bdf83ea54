"""Labelled replies in SpeechMap's form, one JSON object a line: their rates by the labels, and by our detector."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from gateway.outcome import refusal
from gateway.outcome.row import REFUSALS
from gateway.probe.figures import Rows, rate_of, refusal_map
from gateway.probe.seen import Seen
from gateway.report.wilson import ENOUGH

OUTCOMES = {"complete": "answered", "evasive": "evaded", "denial": "declined", "error": "filtered"}
TOPICS = {
    "cn_political": "prc_political",
    "us_political": "us_political",
    "eu_political": "other_political",
    "ru_political": "other_political",
}
MOST_WEIGHT = 1e9
BY_THE_MODEL = frozenset({"declined", "evaded"})  # what is left of REFUSALS when filters are not counted


class Line(msgspec.Struct, frozen=True):
    """What is read of one line."""

    prompt: str
    response: str
    model: str
    label: str
    lang: str
    topic: str = "unknown"
    operator: str = "unknown"
    group: str | None = None
    finish_reason: str | None = None
    sample_weight: Annotated[float, msgspec.Meta(gt=0, le=MOST_WEIGHT)] = 1.0


class BadLine(ValueError):
    """A line that is no labelled reply; the text names it and says why."""


def read(lines: Iterable[bytes]) -> Iterator[Seen]:
    """Raises BadLine."""
    decoder = msgspec.json.Decoder(Line)
    for number, raw in enumerate(lines, 1):
        if raw.isspace():
            continue
        try:
            line = decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise BadLine(f"line {number} is no labelled reply: {wrong}") from None
        outcome = OUTCOMES.get(line.label.lower())
        if outcome is None:
            raise BadLine(f"line {number}: the label `{line.label[:40]}` is none of {', '.join(OUTCOMES)}")
        yield _seen(line, outcome)


def by_model(seen: Iterable[Seen]) -> Rows:
    """By model and language: what the labels say, plain and weighted, and the same by our detector."""
    groups: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for each in seen:
        groups[each.model, each.language].append(each)
    return [_row(model, language, groups[model, language]) for model, language in sorted(groups)]


def side_by_side(models: Rows) -> Rows:
    """For a map: a line for each model, the labels' rate and the detector's in each language."""
    return [
        {
            **{name: row[name] for name in ("model", "language", "n", "enough")},
            **{name: row[prefix + name] for name in ("rate", "low", "high")},
            "operator": "",
            "topic": whose,
        }
        for row in models
        for whose, prefix in (("labels", ""), ("detector", "detector_"))
    ]


def imported(seen: Sequence[Seen]) -> dict[str, Any]:
    """Everything that is said of a file."""
    judged = [replace(each, outcome=each.by_detector or "answered") for each in seen]
    return {"models": by_model(seen), "rows": refusal_map(seen), "detector_rows": refusal_map(judged)}


def _seen(line: Line, outcome: str) -> Seen:
    return Seen(
        model=line.model,
        operator=line.operator,
        topic=TOPICS.get(line.topic, line.topic),
        language=line.lang,
        question=line.group or line.prompt,
        outcome=outcome,
        weight=line.sample_weight,
        by_detector=refusal.judge(line.prompt, line.response, line.finish_reason),
    )


def _row(model: str, language: str, replies: Sequence[Seen]) -> dict[str, Any]:
    counts = Counter(each.outcome for each in replies)
    found = [replace(each, outcome=each.by_detector or "answered") for each in replies]
    return {
        "model": model,
        "language": language,
        "n": len(replies),
        "enough": len(replies) >= ENOUGH,
        **{outcome: counts[outcome] for outcome in ("answered", "declined", "evaded", "filtered")},
        **_rates(replies, ""),
        **_rates(found, "detector_"),
    }


def _rates(replies: Sequence[Seen], prefix: str) -> dict[str, float]:
    rate, low, high = rate_of(replies)

    def share(refused: Callable[[Seen], bool], weight: Callable[[Seen], float]) -> float:
        return sum(weight(each) for each in replies if refused(each)) / sum(map(weight, replies))

    def by_the_model(each: Seen) -> bool:
        return each.outcome in BY_THE_MODEL

    figures = {
        "rate": rate,
        "low": low,
        "high": high,
        "weighted_rate": share(lambda each: each.outcome in REFUSALS, lambda each: each.weight),
        "declined_or_evaded": share(by_the_model, lambda each: 1.0),
        "weighted_declined_or_evaded": share(by_the_model, lambda each: each.weight),
    }
    return {prefix + name: figure for name, figure in figures.items()}
