"""`python -m clients.run [NAME…]`: each client in its own environment against one gateway; a table."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from clients import environments, house
from clients.checks import Result, judge, told_by
from clients.table import CLIENTS, Client

TIMEOUT_S = 300


def run(client: Client, *, url: str, vendor: house.vendor.Vendor) -> list[Result]:
    """All that one client tells, judged; what it did not come to is a result, too."""
    vendor.left.clear()
    code, output, errors = environments.run(
        client.name, url=url, key=house.KEY, models=client.models, timeout_s=TIMEOUT_S
    )
    told = told_by(output)
    wanted = sum(check.split()[0] == "left" for check, _, _ in told)
    deadline = time.monotonic() + 30
    while len(vendor.left) < wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    results = judge(told, client.expected, vendor.left)
    if code:
        results.append(Result("exit", "", f"code {code}: {(errors or output).strip()[-1500:]}"))
    return results


def main(names: list[str]) -> int:
    """The number of clients with which something is wrong."""
    chosen = [client for client in CLIENTS if not names or client.name in names]
    if unknown := set(names) - {client.name for client in chosen}:
        raise SystemExit(f"no client {sorted(unknown)}; there are {', '.join(client.name for client in CLIENTS)}")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="clients-") as folder, house.running(Path(folder)) as place:
        for client in chosen:
            began = time.monotonic()
            results = run(client, url=place.url, vendor=place.vendor)
            failed += any(one.wrong for one in results)
            print(_line(client, results, time.monotonic() - began), flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return min(failed, 1)


def _line(client: Client, results: list[Result], seconds: float) -> str:
    fine = sum(not one.wrong for one in results)
    lines = [
        f"{'FAILED' if fine < len(results) else 'ok':<7}{client.name:<20}{fine:>3} of {len(results):<4}{seconds:6.1f} s"
    ]
    lines += [f"        {one.check} {one.model}: {one.wrong}" for one in results if one.wrong]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
