"""Reads the training text written for this project: prompts as they stand, and subjects put into frames."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FRAMES_A_SUBJECT = 6
MOST_COMBINATIONS = 120  # of one line with `{this|that}` parts


@dataclass(frozen=True, slots=True)
class Written:
    """One prompt of ours."""

    text: str
    topics: frozenset[str]
    language: str
    group: str  # texts about one subject belong together
    file: str


def read() -> list[Written]:
    """All of it, in the same order and with the same frames every time."""
    draw = random.Random(1989)
    folder = Path(__file__).parent
    frames = {language: lines for _, language, lines in _sections(folder / "frames.txt")}
    found: list[Written] = []
    for path in sorted(folder.glob("*.txt")):
        if path.stem == "frames":
            continue
        for heading, language, lines in _sections(path):
            topics = frozenset(heading.split()[0].split(",")) - {"none"}
            if heading.endswith("blocks"):
                found.extend(_blocks(lines, topics, language, path.stem))
            elif heading.endswith("prompts"):
                found.extend(_prompts(lines, topics, language, path.stem, draw))
            else:
                found.extend(_framed(lines, topics, language, path.stem, frames[language], draw))
    return found


def _blocks(lines: list[str], topics: frozenset[str], language: str, name: str) -> Iterator[Written]:
    return (Written(line, topics, language, f"{name}:{line[:24]}", name) for line in lines)


def _prompts(
    lines: list[str], topics: frozenset[str], language: str, name: str, draw: random.Random
) -> Iterator[Written]:
    for line in lines:
        choices = _combined(line)
        kind = name if len(choices) == 1 else "combined"
        for text in draw.sample(choices, min(len(choices), MOST_COMBINATIONS)):
            yield Written(text, topics, language, f"{kind}:{line[:24]}", name)


def _framed(
    subjects: list[str], topics: frozenset[str], language: str, name: str, frames: list[str], draw: random.Random
) -> Iterator[Written]:
    for line in subjects:
        choices = _combined(line)
        few = len(choices) == 1
        for subject in choices if few else draw.sample(choices, min(len(choices), MOST_COMBINATIONS)):
            group = f"subject:{subject if few else line[:40]}"
            for frame in ["{x}", *draw.sample(frames, FRAMES_A_SUBJECT)] if few else draw.sample(frames, 1):
                yield Written(frame.replace("{x}", subject), topics, language, group, name)


def _combined(line: str) -> list[str]:
    if "|" not in line or "{" not in line:
        return [line]
    parts = [part.split("|") for part in re.split(r"[{}]", line)]
    return ["".join(parts) for parts in itertools.product(*parts)]


def _sections(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Heading, language and texts of each `[heading language]`; under `blocks`, texts end at a line `--`."""
    heading, lines = "", list[str]()
    for line in [*path.read_text(encoding="utf-8").split("\n"), "[end]"]:
        if line.startswith("[") and line.endswith("]") and len(line) < 60 and not line.startswith("[{"):
            if heading:
                yield _section(heading, lines)
            heading, lines = line.strip("[]"), []
        elif heading:
            lines.append(line)


def _section(heading: str, lines: list[str]) -> tuple[str, str, list[str]]:
    if heading.endswith("blocks"):
        return heading, "mixed", [block.strip("\n") for block in "\n".join(lines).split("\n--\n") if block.strip()]
    kind, _, language = heading.rpartition(" ")
    if not kind:  # the frames have a language only
        kind, language = "frames", heading
    return kind, language, [line for line in lines if (line.strip() and not line.startswith("# ")) or "{x}" in line]
