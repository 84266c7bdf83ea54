"""Trains, prints figures on held-out prompts, and writes the model: `python -m training.topic [--measure FILE]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from training import linear
from training.topic import examples, figures

SHIPPED = Path(__file__).parents[2] / "gateway" / "signals" / "models" / "topic.npz"
BITS = 17
STRENGTH = 40.0
# Log odds from which a topic is reported: chosen on the held-out fifths and on a measuring set that is not shipped.
THRESHOLDS = {
    "prc_political": 1.0,
    "us_political": 0.5,
    "other_political": 0.0,
    "malicious": 0.0,
    "self_harm": 0.0,
    "medical": 0.0,
    "legal": 0.0,
    "financial": 0.0,
    "code": 0.0,
}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m training.topic")
    parser.add_argument("--measure", type=Path, help="prompts with labels to measure on, never trained on")
    parser.add_argument("--held-out", action="store_true", help="also train without each fifth and each source")
    options = parser.parse_args()
    rows = examples.rows()
    if options.held_out:
        figures.fifths(rows, THRESHOLDS, bits=BITS, strength=STRENGTH)
        figures.sources(rows, THRESHOLDS, bits=BITS, strength=STRENGTH)
    model = linear.fit([row.example for row in rows], tuple(THRESHOLDS), bits=BITS, strength=STRENGTH)
    linear.save(SHIPPED, linear.shifted(model, THRESHOLDS))
    if options.measure:
        figures.measured(options.measure)


if __name__ == "__main__":
    main()
