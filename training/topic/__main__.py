"""Trains, prints figures, writes the model: `python -m training.topic [--later] [--measure FILE]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from training import linear
from training.topic import examples, figures

SHIPPED = Path(__file__).parents[2] / "gateway" / "signals" / "models" / "topic.npz"
BITS = 20
MOST = 2**16 - 1  # buckets with a row of their own
STRENGTH = 80.0
CONTRASTED = {"malicious": 20.0}  # helped there only
# Log odds from which a topic is reported, and how much more for texts with a feature: chosen on held-out fifths and on
# a measuring set that is not shipped. Where China is mentioned harmless look-alikes are many, elsewhere few.
THRESHOLDS: dict[str, dict[str, float]] = {
    "prc_political": {"": -0.75, "mention": 1.5, "han": 0.55, "mention+han": -0.35},
    "us_political": {"": -0.2},
    "other_political": {"": -0.5},
    "malicious": {"": -0.4, "malice": 1.2, "self": 3.2, "us": 2.0, "han": -0.7},
    "self_harm": {"": -0.4},
    "medical": {"": 0.5, "han": -1.0},
    "legal": {"": -0.5, "han": -0.25},
    "financial": {"": -0.45},
    "code": {"": 0.0},
}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m training.topic")
    parser.add_argument("--measure", type=Path, help="prompts with labels to measure on, never trained on")
    parser.add_argument("--held-out", action="store_true", help="also train without each fifth of the groups")
    parser.add_argument(
        "--later", action="store_true", help="also train without the groups of the later copied prompts"
    )
    parser.add_argument("--sources", action="store_true", help="also train without each source")
    options = parser.parse_args()
    rows = examples.rows()
    if options.held_out:
        figures.fifths(rows, trained)
    if options.later:
        figures.later(rows, trained)
    if options.sources:
        figures.sources(rows, trained)
    linear.save(SHIPPED, trained(rows))
    if options.measure:
        figures.measured(options.measure)


def trained(rows: Sequence[examples.Row]) -> linear.Fitted:
    """The model that these rows give; 0 is the threshold of every topic."""
    fitted = linear.fit(
        [row.example for row in rows],
        tuple(THRESHOLDS),
        bits=BITS,
        strength=STRENGTH,
        most=MOST,
        contrasted=CONTRASTED,
    )
    return linear.shifted(fitted, THRESHOLDS)


if __name__ == "__main__":
    main()
