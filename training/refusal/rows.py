"""The labelled replies the refusal model learns from, and those it is only measured on."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.outcome.thinking import answer

HERE = Path(__file__).parent
LABELS = ("complete", "evasive", "denial")
CROSSED = 4  # other prompts that each written refusal is given as the reply to
CROSSING = 0.5  # how much such a reply counts
ANSWER = 2.0  # how much a written answer counts: most are short, and short answers are rare in the other rows
OPENINGS = (60, 160, 400)  # characters after which a reply that goes on is looked at


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled reply; `answer` is without thinking."""

    prompt: str
    answer: str
    label: str
    language: str
    group: str
    source: str
    model: str = ""
    origin: str = ""
    questions: str = ""  # which set of questions the prompt is from
    weight: float = 1.0  # inverse sampling rate, for measuring
    worth: float = 1.0  # how much it counts in learning
    final: bool = True

    @property
    def vendor(self) -> str:
        """Whose model it is."""
        return self.model.partition("/")[0]

    @property
    def refused(self) -> bool:
        """Declined or evaded."""
        return self.label != "complete"


def speechmap() -> list[Row]:
    """Without the rows that are errors."""
    with lzma.open(HERE / "speechmap.jsonl.xz", "rt", encoding="utf-8") as file:
        return list(_rows(file, "speechmap"))


def beside(path: Path) -> list[Row]:
    """Rows of the same format kept elsewhere: for measuring only."""
    with path.open(encoding="utf-8") as file:
        return list(_rows(file, path.stem))


def written() -> list[Row]:
    """Written for this project; refusals also as replies to other prompts of their language."""
    answered = _written("answered", "complete")
    evaded = _written("evaded", "evasive")
    declined = _written("declined", "denial")
    every = [*answered, *evaded, *declined]
    return [*every, *_crossed(declined, every), *_crossed(evaded, evaded)]


def opened(rows: Iterable[Row], sizes: tuple[int, ...] = OPENINGS) -> list[Row]:
    """The rows as they stand after so many characters, while nobody knows how they go on."""
    return [replace(row, answer=row.answer[:size], final=False) for row in rows for size in sizes if _is_new(row, size)]


def _is_new(row: Row, size: int) -> bool:
    return len(row.answer) > size or size == OPENINGS[0]


def _rows(lines: Iterable[str], source: str) -> Iterator[Row]:
    for line in lines:
        row: dict[str, Any] = json.loads(line)
        text = answer(row["response"] or "")
        if row["label"] in LABELS and text:
            yield Row(
                prompt=row["prompt"],
                answer=text,
                label=row["label"],
                language=row["lang"],
                group=row["group"],
                source=source,
                model=row["model"],
                origin=row.get("base_origin") or "",
                questions=row.get("qset") or "",
                weight=row["sample_weight"],
            )


def _written(name: str, label: str) -> list[Row]:
    worth = ANSWER if label == "complete" else 1.0
    lines = (HERE / "own" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    return [
        Row(prompt, reply.replace("⏎", "\n"), label, language, group=f"own:{name}:{number}", source="own", worth=worth)
        for number, (language, prompt, reply) in enumerate(cells)
    ]


def _crossed(refusals: list[Row], others: list[Row]) -> list[Row]:
    found = []
    for number, refusal in enumerate(refusals):
        prompts = [other.prompt for other in others if other.language == refusal.language]
        step = max(len(prompts) // (CROSSED + 1), 1)
        picked = [prompts[(number + step * turn) % len(prompts)] for turn in range(1, CROSSED + 1)]
        found += [replace(refusal, prompt=prompt, worth=CROSSING) for prompt in dict.fromkeys(picked)]
    return found
