"""Replies put together from written parts: refusals that moralise at length, and answers that begin like them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import yaml

from training.refusal.rows import Row

OWN = Path(__file__).parent / "own"
LABELS = {
    "harmful": "denial",
    "leading": "denial",
    "absurd": "complete",
    "helpful": "complete",
    "sensitive": "complete",
}
WHOLE = ("helpful", "sensitive")  # their second column is the answer itself
TURNS = {"harmful": 6, "leading": 6, "absurd": 10, "helpful": 7, "sensitive": 7}  # replies made for each prompt


def made() -> Iterator[Row]:
    """Each line in some of the frames of its kind, taken in turn so that all frames are used."""
    frames = yaml.safe_load((OWN / "frames.yaml").read_text(encoding="utf-8"))
    for kind, label in LABELS.items():
        ways = list(product(frames[kind]["opens"], frames[kind]["goes_on"], frames[kind]["ends"]))
        for number, line in enumerate((OWN / f"{kind}.tsv").read_text(encoding="utf-8").splitlines()):
            prompt, about, *rest = line.split("\t")
            for turn in range(TURNS[kind]):
                opens, goes_on, ends = ways[(number * 7 + turn * (len(ways) // TURNS[kind] + 1)) % len(ways)]
                said = opens.replace("{}", about)
                body = about if kind in WHOLE else rest[0] + "." * (kind == "absurd") if rest else ""
                reply = " ".join(part.strip() for part in (said, goes_on, body, ends) if part.strip())
                yield Row(prompt, reply, label, "en", group=f"made:{kind}:{number}", source="made")
