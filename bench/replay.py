"""`python -m bench.replay [FOLDER]`: writes a ledger of 100,000 requests, decides them again, times it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

REQUESTS = 100_000
BOUND_S = 60.0
TOPICS = ([], [], [], ["code"], ["medical"], ["prc_political"], ["malicious"])
LANGUAGES = ("en", "zh")
OUTCOMES = ("answered",) * 17 + ("declined", "filtered", "left")


def main() -> int:
    """1 if it took a minute or more."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("policies")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        write(file.name, folder)
        began = perf_counter()
        command = [sys.executable, "-m", "gateway", "replay", str(folder), "--ledger", file.name]
        subprocess.run(command, check=True)
        taken = perf_counter() - began
    print(f"{REQUESTS:,} requests replayed by {folder} in {taken:.1f} s")
    return int(taken >= BOUND_S)


def write(path: str, folder: Path) -> None:
    """Rows as another maker would write them."""
    from gateway.policy.authoring.compile import compile_folder
    from gateway.processes.policy_folder import read_folder

    compiled = compile_folder(read_folder(folder))
    chance, endpoints, teams = random.Random(1), list(compiled.catalog.endpoints), list(compiled.keyring.teams)
    with open(path, "w") as file:
        for number in range(REQUESTS):
            file.write(json.dumps(row(number, chance, endpoints, teams)) + "\n")


def row(number: int, chance: random.Random, endpoints: list[str], teams: list[str]) -> dict[str, object]:
    at = datetime.fromtimestamp(1_794_000_000 + number * 5, UTC).isoformat()
    tokens, outcome = chance.randint(20, 6000), chance.choice(OUTCOMES)
    usage = {"input_tokens": tokens, "cached_tokens": 0, "output_tokens": chance.randint(1, 900), "reasoning_tokens": 0}
    attempt = {
        "endpoint": chance.choice(endpoints), "purpose": "serve", "outcome": outcome, "cost_usd": "0.00031",
        "first_byte_s": 0.4, "total_s": 0.9, "usage": usage,
    }  # fmt: skip
    signals = {
        "data_class": "public", "tokens": tokens, "topic": chance.choice(TOPICS), "language": chance.choice(LANGUAGES),
        "pii": [], "needs": [], "kind": "chat", "stream": True, "effort": "default", "model": "auto",
    }  # fmt: skip
    return {
        "request_id": f"r{number}", "at": at, "team": chance.choice(teams), "app": "bot", "route": "rest",
        "policy_version": "other", "signals": signals, "outcome": outcome, "removed": {}, "attempts": [attempt],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
