"""Precision and recall of the topic signal: per topic, language and source."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gateway.signals import ngrams
from gateway.signals.topic import TOPICS, topics
from training import linear
from training.topic import examples
from training.topic.examples import Row, labelled

Trained = Callable[[Sequence[Row]], linear.Fitted]


@dataclass(slots=True)
class Tally:
    """Right and wrong answers for one topic on one set of prompts."""

    hit: float = 0
    missed: float = 0
    false: float = 0
    rejected: float = 0

    def add(self, wanted: bool, found: bool) -> None:
        """One prompt."""
        if wanted:
            self.hit, self.missed = self.hit + found, self.missed + (not found)
        else:
            self.false, self.rejected = self.false + found, self.rejected + (not found)

    def __str__(self) -> str:
        yes, no = self.hit + self.missed, self.false + self.rejected
        precision = f"{self.hit / (self.hit + self.false):.3f}" if self.hit + self.false else "  -  "
        recall = f"{self.hit / yes:.3f}" if yes else "  -  "
        flagged = f"{self.false / no:.3f}" if no else "  -  "
        return f"precision {precision}  recall {recall}  flagged {flagged}  yes {yes:.0f}  no {no:.0f}"


def fifths(rows: Sequence[Row], trained: Trained) -> None:
    """Trains five times without a fifth of the groups and prints what it says about that fifth."""
    fold = {group: i % 5 for i, group in enumerate(sorted({row.group for row in rows}, key=_spread))}
    counts: dict[tuple[str, ...], Tally] = defaultdict(Tally)
    for fifth in range(5):
        held = [row for row in rows if fold[row.group] == fifth]
        taught = [row for row in rows if fold[row.group] != fifth]
        _judge(linear.packed(trained(taught)), held, counts)
    _show("held-out fifths", counts)


def later(rows: Sequence[Row], trained: Trained) -> None:
    """Trains without the groups of the copied prompts that came later and prints what the signal would say of these."""
    groups = examples.later()
    held = [row for row in rows if row.source != "written" and row.group in groups]
    taught = [row for row in rows if row.source == "written" or row.group not in groups]
    counts: dict[tuple[str, ...], Tally] = defaultdict(Tally)
    _judge(linear.packed(trained(taught)), held, counts)
    _show("later prompts held out", counts)


def sources(rows: Sequence[Row], trained: Trained) -> None:
    """Trains without each source in turn and prints what it says about that source."""
    counts: dict[tuple[str, ...], Tally] = defaultdict(Tally)
    many = [source for source, count in Counter(row.source for row in rows).items() if count > 20]
    for source in sorted({*many} - {"written"}):
        held = [row for row in rows if row.source == source]
        groups = {row.group for row in held}
        taught = [row for row in rows if row.source != source and row.group not in groups]
        _judge(linear.packed(trained(taught)), held, counts)
    _show("each source left out", counts)


def measured(path: Path) -> None:
    """What the shipped signal says about the prompts of a file: by language, source and sublabel."""
    counts: dict[tuple[str, ...], Tally] = defaultdict(Tally)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = topics(row["text"])
        label, sublabel = ("benign", "") if row["label"] == "ambiguous" else (row["label"], row.get("sublabel") or "")
        wanted = labelled(label, "", row["text"]) or dict.fromkeys(TOPICS, 0) | {label: 1}
        for topic in TOPICS:
            if topic in wanted:
                source = row["source"].split("/")[0]
                for key in ((topic, row["lang"], "all"), (topic, row["lang"], f"{source}:{sublabel[:40]}")):
                    counts[key].add(bool(wanted[topic]), topic in found)
    _show(str(path.name), {key: count for key, count in counts.items() if key[2] == "all" or key[0] == "prc_political"})


def _spread(group: str) -> int:
    return ngrams.named([group], 30)[0]


def _judge(model: ngrams.Linear, held: Sequence[Row], counts: dict[tuple[str, ...], Tally]) -> None:
    for row in held:
        scores = model.scores(ngrams.fold(row.example.text), row.example.extra)
        for topic, score in zip(model.labels, np.asarray(scores).tolist(), strict=True):
            if (wanted := row.example.labels.get(topic)) is not None:
                for key in ((topic, row.language, "all"), (topic, row.language, row.source)):
                    counts[key].add(bool(wanted), score > 0)


def _show(title: str, counts: Mapping[tuple[str, ...], Tally]) -> None:
    print(f"\n{title}")
    for key in sorted(counts, key=lambda key: (TOPICS.index(key[0]), *key[1:])):
        count = counts[key]
        if count.hit + count.missed or key[2] == "all" or count.false:
            print(f"  {key[0]:15} {key[1]:5} {key[2]:55} {count}")
