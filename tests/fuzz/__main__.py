"""`python -m tests.fuzz PARSER SECONDS`: atheris looks for bytes that a parser stumbles over, and leaves them there."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # of .venv-security alone

with atheris.instrument_imports(include=["gateway", "msgspec", "yaml"]):
    from tests.fuzz.parsers import PARSERS, SEEDS


def main() -> None:
    name, seconds = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS[name]):
            (Path(folder) / str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", "-max_len=8192", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, folder], PARSERS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
