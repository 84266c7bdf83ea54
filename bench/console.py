"""Measures what an open console costs requests, in windows without and with it in turn: `python -m bench.console`."""

from __future__ import annotations

import argparse
import http.client
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench import build
from bench.contestants import Place, bodies, ours
from bench.measure import Figures, Load, clean, wait_for_answer
from bench.processes import GATEWAY_CORE, OTHER_CORE, Process, free_port

RATE = 100
EVERY_S = 2.0  # as the page asks
BEFORE = 2_000  # requests in the ledger when the console is opened
TOKEN = "the-console-of-the-bench"
CHANGES = (  # the whole catalogue is decided about, and the bench's own upstream is asked
    ("aliases: {auto: whatever fits}", "aliases: {auto: whatever fits}\nbaseline: fake-long@self"),
    ("    try: [{any: {}}]", "    try: [fake, {any: {}}]"),
)


def main() -> None:
    """One gateway; what the console needs shares its core with it."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--turns", type=int, default=6, help="windows of each kind")
    parser.add_argument("--rate", type=int, default=RATE, help="requests a second")
    parser.add_argument("--seconds", type=float, default=12.0, help="of a window")
    wanted = parser.parse_args()
    build.parts()
    build.papers()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = Place(Path(name), free_port(), free_port(), free_port(), free_port())
        start = ours("full")(place)
        enlarge(place.folder / "policies")
        log, made = place.folder / "log", bodies(place.folder)
        made["whole"].write_text(made["whole"].read_text().replace('"fake"', '"auto"'))
        headers = place.folder / "headers"
        headers.write_text("")
        upstream = Process([build.BUILD / "upstream", str(place.upstream)], core=OTHER_CORE, environment={}, log=log)
        began = time.monotonic()
        environment = {**start.environment, "GATEWAY_ADMIN_TOKEN": TOKEN}
        gateway = Process(start.command, core=GATEWAY_CORE, environment=environment, log=log)
        try:
            wait_for_answer(gateway, place.port, made["whole"], "", began, log)
            load = Load(place.port, made, headers, wanted.seconds)
            load.run("whole", connections=16, seconds=BEFORE / wanted.rate / 2, rate=2 * wanted.rate)
            report(load, gateway, place, turns=wanted.turns, rate=wanted.rate)
        finally:
            gateway.stop()
            upstream.stop()


def enlarge(policies: Path) -> None:
    """The bench's full policy over the catalogue that ships."""
    for file in (build.HERE.parent / "policies" / "catalog").glob("*.yaml"):
        shutil.copy(file, policies / "catalog" / file.name)
    own = policies / "catalog" / "catalog.yaml"
    own.write_text(re.sub(r"operators:\n.*?(?=endpoints:)", "", own.read_text(), flags=re.DOTALL))  # `self` ships
    policy = policies / "full" / "policy.yaml"
    text = policy.read_text()
    for before, after in CHANGES:
        assert before in text
        text = text.replace(before, after)
    policy.write_text(text)


def report(load: Load, gateway: Process, place: Place, *, turns: int, rate: int) -> None:
    """Every other turn begins with the other kind: a drift of the machine then touches both alike."""
    told: dict[bool, list[Figures]] = {False: [], True: []}
    with opened(place.control) as first:
        beginning = window(load, gateway, place, rate)  # the console is opened for the first time: it reads the past
    for turn in range(turns):
        for console in (False, True) if turn % 2 else (True, False):
            if not console:
                told[False].append(window(load, gateway, place, rate))
                continue
            with opened(place.control) as looks:
                told[True].append(window(load, gateway, place, rate))
            assert looks, "the console was never answered"
    print(
        f"{rate} requests/s, windows of {load.seconds:g} s, {turns} of each kind in turn, load {os.getloadavg()[0]:.1f}"
    )
    for name in ("p50", "p99", "cpu"):
        without, beside = (median(run[name] for run in told[console]) for console in (False, True))
        ratio = median(b[name] / a[name] for a, b in zip(told[False], told[True], strict=True))
        spread = "  ".join(f"{a[name]:.2f}→{b[name]:.2f}" for a, b in zip(told[False], told[True], strict=True))
        print(f"{name}  without {without:.2f} ms, with {beside:.2f} ms, ×{ratio:.2f} (median of the pairs: {spread})")
    print("cpu: of all processes but the control process and what works for it, a request")
    print(f"while it is opened: p50 {beginning['p50']:.2f} ms, p99 {beginning['p99']:.2f} ms; looks {first}")


def window(load: Load, gateway: Process, place: Place, rate: int) -> Figures:
    """One run at the rate, with the CPU time that the worker itself took. Raises Failed."""
    control = int((place.folder / "state" / "control.pid").read_text())
    before = gateway.cpu_s(without=control)
    run = clean(load.run("whole", connections=64, rate=rate))
    return run | {"cpu": (gateway.cpu_s(without=control) - before) / run["requests"] * 1e3}


@contextmanager
def opened(port: int) -> Iterator[list[float]]:
    """A console that asks as the page does; how long each look took, in seconds."""
    closing, looks = threading.Event(), list[float]()

    def look() -> None:
        while not closing.is_set():
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/api/overview", headers={"authorization": f"Bearer {TOKEN}"})
            reply = connection.getresponse()
            reply.read()
            connection.close()
            if reply.status == 200:
                looks.append(round(time.monotonic() - began, 2))
            closing.wait(EVERY_S)

    asking = threading.Thread(target=look)
    asking.start()
    try:
        yield looks
    finally:
        closing.set()
        asking.join()


if __name__ == "__main__":
    main()
