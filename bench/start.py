"""Prints what a start costs: `python -m bench.start [--rounds 5] [--against CHECKOUT] [--workers 1]`.

From the command to the first 200 (or 503: no key is set) of `/health/ready`, and to the console's first answer; CPU
seconds of all processes until then, which a busy machine changes less. `--against` takes turns with another checkout.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.processes import Process, free_port

ROOT = Path(__file__).parent.parent
PATIENCE_S = 120.0
_COMMAND = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main; main()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--policies", type=Path, default=ROOT / "policies")
    parser.add_argument("--against", type=Path, help="another checkout, started in turn with this one")
    wanted = parser.parse_args()
    checkouts = [ROOT, *([wanted.against.resolve()] if wanted.against else [])]
    found: dict[Path, list[tuple[float, float, float]]] = {each: [] for each in checkouts}
    for number in range(wanted.rounds + 1):  # the first writes bytecode, and does not count
        for checkout in checkouts:
            figures = _start(checkout, wanted.policies.resolve(), wanted.workers)
            found[checkout] += [figures] if number else []
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {wanted.rounds} rounds, medians (least)")
    for checkout, rounds in found.items():
        told = [f"{median(each):.2f} ({min(each):.2f})" for each in zip(*rounds, strict=True)]
        print(f"{checkout}: ready after {told[0]} s, console after {told[1]} s, CPU {told[2]} s")


def _start(checkout: Path, policies: Path, workers: int) -> tuple[float, float, float]:
    """Seconds until it is ready, until the console answers, and of CPU by then."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        port, control = free_port(), free_port()
        environment = {"GATEWAY_STATE_DIR": f"{name}/state", "GATEWAY_CONTROL_PORT": str(control)}
        arguments = ["serve", "--policies", policies, "--port", str(port), "--workers", str(workers)]
        began = time.monotonic()
        command = [sys.executable, "-c", _COMMAND, checkout, *arguments]
        process = Process(command, core=_ANY, environment=environment, log=Path(name) / "log")
        try:
            ready = _until(process, began, port, "/health/ready")
            console = _until(process, began, control, "/")
            return ready, console, process.cpu_s()
        finally:
            process.stop()


def _until(process: Process, began: float, port: int, path: str) -> float:
    while process.running and time.monotonic() - began < PATIENCE_S:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
            return time.monotonic() - began
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    raise SystemExit(f"the gateway does not answer {path}")


_ANY = -1  # no core of its own: a start uses what there is


if __name__ == "__main__":
    main()
