"""Counters, gauges and histograms as plain dictionaries, many times cheaper than a client library's; shared by files.

Each worker writes its own file; whoever is asked for the page adds up all of them. The files of workers that are gone
keep their counters and lose their gauges.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from operator import add
from pathlib import Path
from typing import Any

import msgspec

from gateway.record.families import FAMILIES, Family

Labels = tuple[str, ...]
Value = Any  # a float; a histogram's: a count for each bucket, one for what is above, the sum
Page = dict[str, dict[Labels, Value]]
Counts = defaultdict[Labels, float]
Gauges = dict[Labels, float]
_Rows = dict[str, list[tuple[Labels, float | list[float]]]]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Rows)
_BY_NAME = {family.name: family for family in FAMILIES}
_MERGE: dict[str, Callable[[float, float], float]] = {"sum": add, "max": max, "min": min}


class Histogram(dict[Labels, list[float]]):
    """One histogram's cells."""

    def __init__(self, bounds: tuple[float, ...]):
        super().__init__()
        self._bounds = bounds

    def __missing__(self, labels: Labels) -> list[float]:
        cells = self[labels] = [0.0] * (len(self._bounds) + 2)
        return cells

    def observe(self, labels: Labels, value: float) -> None:
        cells = self[labels]
        cells[bisect_left(self._bounds, value)] += 1.0
        cells[-1] += value


def write(folder: Path, page: Page) -> None:
    """Replaces this process's file."""
    rows = {name: list(cells.items()) for name, cells in page.items()}
    fresh = folder / f"{os.getpid()}.fresh"
    fresh.write_bytes(_encoder.encode(rows))
    os.replace(fresh, folder / f"{os.getpid()}.live")


def bury(folder: Path, pid: int) -> None:
    """A worker is gone: from here on its file tells of counters only."""
    live = folder / f"{pid}.live"
    if live.exists():
        live.rename(folder / f"{pid}-{time.time_ns()}.gone")  # a later worker may get the same number


def others(folder: Path) -> Iterator[Page]:
    """What all other processes counted."""
    own = f"{os.getpid()}.live"
    for path in folder.iterdir():
        if path.name == own or path.suffix not in (".live", ".gone"):
            continue
        try:
            rows = _decoder.decode(path.read_bytes())
        except FileNotFoundError:  # buried meanwhile
            continue
        gone = path.suffix == ".gone"
        yield {name: dict(cells) for name, cells in rows.items() if not (gone and _BY_NAME[name].type == "gauge")}


def merged(pages: Iterable[Page]) -> Page:
    """One page of all."""
    total: Page = {family.name: {} for family in FAMILIES}
    for page in pages:
        for name, cells in page.items():
            _merge(_BY_NAME[name], total[name], cells)
    return total


def _merge(family: Family, total: dict[Labels, Value], cells: dict[Labels, Value]) -> None:
    join = _MERGE[family.workers]
    for labels, value in cells.items():
        if labels not in total:
            total[labels] = value
        elif family.type == "histogram":
            total[labels] = [a + b for a, b in zip(total[labels], value, strict=True)]
        else:
            total[labels] = join(total[labels], value)
