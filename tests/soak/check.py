"""What must hold after a soak: each reply has its one row, money is an independent sum, nothing has grown."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import linear_regression
from typing import Any

import sqlalchemy

INPUT_USD, OUTPUT_USD = Decimal(1) / 1_000_000, Decimal(2) / 1_000_000  # a token, as the folder's prices say
SPARE_KB = 25_000  # what a process may have grown by, beside a tenth
SPARE_FDS = 40


@dataclass(frozen=True, slots=True)
class Size:
    """Of a process: what it is, resident memory in kB, open descriptors."""

    role: str
    kb: int
    fds: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Of a process that lived through the second half: where a straight line through its samples begins and ends."""

    role: str
    kb: tuple[float, float]
    fds: tuple[float, float]

    def __str__(self) -> str:
        (kb, last_kb), (fds, last_fds) = self.kb, self.fds
        return f"{self.role}: {kb / 1024:.0f} → {last_kb / 1024:.0f} MiB, {fds:.0f} → {last_fds:.0f} descriptors"

    @property
    def grew(self) -> bool:
        return self.kb[1] > self.kb[0] * 1.1 + SPARE_KB or self.fds[1] > self.fds[0] + SPARE_FDS


def size_of(role: str, pid: int) -> Size | None:
    """None if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        return Size(role, int(status.split("VmRSS:")[1].split()[0]), len(os.listdir(f"/proc/{pid}/fd")))
    except (OSError, IndexError):
        return None


def trends(samples: Sequence[Mapping[int, Size]]) -> list[Trend]:
    """Of the processes that lived through the second half."""
    half = samples[len(samples) // 2 :]
    if len(half) < 2:
        return []
    lived = sorted(set.intersection(*(set(each) for each in half)))
    return [
        Trend(half[0][pid].role, _line([each[pid].kb for each in half]), _line([each[pid].fds for each in half]))
        for pid in lived
    ]


def _line(values: Sequence[int]) -> tuple[float, float]:
    slope, intercept = linear_regression(range(len(values)), values)
    return intercept, intercept + slope * (len(values) - 1)


def wait_for_rows(state_dir: Path, ids: Mapping[str, int], patience_s: float) -> sqlalchemy.Engine:
    """The ledger, once it holds as many requests as replies were seen."""
    engine = sqlalchemy.create_engine(f"sqlite:///{state_dir}/ledger.sqlite")
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        with engine.connect() as ledger:
            if (ledger.execute(sqlalchemy.text("select count(*) from requests")).scalar() or 0) >= len(ids):
                break
        time.sleep(0.3)
    return engine


def faults_of(
    engine: sqlalchemy.Engine, ids: Mapping[str, int], usage: Mapping[int, Sequence[tuple[int, int]]], lost: int
) -> list[str]:
    """Whatever is wrong with the books."""
    with engine.connect() as ledger:
        rows = ledger.execute(sqlalchemy.text("select request_id, cost_usd from requests")).all()
        tried = ledger.execute(sqlalchemy.text("select * from attempts order by number")).all()
    recorded = {row.request_id: Decimal(str(row.cost_usd)) for row in rows}
    wrong = []
    if len(recorded) != len(rows):
        wrong.append(f"{len(rows) - len(recorded)} requests are recorded twice")
    if missing := ids.keys() - recorded.keys():
        wrong.append(f"{len(missing)} replies have no row, {next(iter(missing))} for one")
    if len(recorded) - len(ids) > lost:
        wrong.append(f"{len(recorded) - len(ids)} rows without a reply, and only {lost} replies were lost")
    return wrong + _money(recorded, tried, ids, usage)


def _money(
    recorded: Mapping[str, Decimal],
    tried: Sequence[Any],
    ids: Mapping[str, int],
    usage: Mapping[int, Sequence[tuple[int, int]]],
) -> list[str]:
    """Reported tokens are the vendor's own; a request costs the sum of its attempts; each of them its tokens."""
    reported: dict[str, list[tuple[int, int]]] = defaultdict(list)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    by_id: dict[str, list[Any]] = defaultdict(list)
    for row in tried:
        cost = row.input_tokens * INPUT_USD + row.output_tokens * OUTPUT_USD
        if cost != Decimal(str(row.cost_usd)):
            return [f"an attempt of {row.request_id} costs {row.cost_usd}, its tokens {cost}"]
        sums[row.request_id] += cost
        by_id[row.request_id].append(row)
        if not row.estimated and cost:
            reported[row.request_id].append((row.input_tokens, row.output_tokens))
    for id, serial in ids.items():
        if recorded.get(id, sums[id]) != sums[id]:
            return [f"{id} costs {recorded[id]}, its attempts {sums[id]}"]
        said, kept = Counter(usage.get(serial, ())), Counter(reported[id])
        stopped = [row for row in by_id[id] if row.failure == "stopped"]
        if kept - said or (said - kept).total() > len(stopped):  # a freeze ends an attempt whatever was on its way
            attempts = [f"{row.outcome} {row.failure or ''}" for row in by_id[id]]
            return [f"the vendor reported {sorted(said)} for {id}, recorded is {sorted(kept)} of {attempts}"]
    return []
