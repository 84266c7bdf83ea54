"""Records a second that the control process takes in, with all its readers: `python -m bench.ingest --records 20000`.

SQLite, metrics with rule prices, estimates, spending, in one process; CPU is that of all its threads together.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from pathlib import Path

from gateway.background.readers import start_readers
from gateway.outcome.outcome import Outcome
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.processes import accepted_policy as accepted
from gateway.record.journal.writer import Writer
from gateway.settings import Settings
from gateway.signals.value import Value
from tests.unit.record.build import FILES, attempt, outcome, request


def made(count: int, files: dict[str, bytes]) -> list[Outcome]:
    """Requests of two data classes, so that guards bite on half of them."""
    policy = compile_folder(files).policy
    place = policy.endpoints[0]
    outcomes = []
    for number in range(count):
        signals: dict[str, Value] = {
            "kind": "chat",
            "needs": frozenset(),
            "tokens": 500 + number % 7,
            "topic": frozenset(),
            "language": "en",
            "data_class": "confidential" if number % 2 else "public",
        }
        at = time.time()
        decision = decide(policy, signals, View(at=at))
        asked = request(f"req_{number:024x}", at=at)
        outcomes.append(outcome(attempt(place), request=asked, decision=decision, ended_at=at + 0.5))
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    count = parser.parse_args().records
    logging.basicConfig(level="WARNING")
    files = {name: text.encode() for name, text in FILES.items()}
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        accepted.keep(state, compile_folder(files).policy.version, files)
        outcomes = made(count, files)
        writer = Writer(state, most_bytes=1 << 30)
        cpu, began = time.process_time(), time.monotonic()
        for each in outcomes:
            writer.append(each)
        appended = (time.process_time() - cpu) / count * 1e6
        print(f"append: {appended:.1f} µs of CPU a record, {time.monotonic() - began:.2f} s")
        cpu, began = time.process_time(), time.monotonic()
        readers = start_readers(Settings(state_dir=state))
        while any(readers.status().behind.values()):
            time.sleep(0.1)
        spent, took = time.process_time() - cpu, time.monotonic() - began
        print(f"all readers: {count / took:,.0f} records/s, {spent / count * 1e6:.0f} µs of CPU a record")
        writer.close()
        readers.close()


if __name__ == "__main__":
    main()
