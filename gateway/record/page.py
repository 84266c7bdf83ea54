"""Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from gateway.record.families import FAMILIES, Family
from gateway.record.tally import Labels, Page, Value

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def text(page: Page) -> bytes:
    """Every family, also those without a sample yet."""
    return "".join(line for family in FAMILIES for line in _lines(family, page[family.name])).encode()


def _lines(family: Family, cells: dict[Labels, Value]) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.type}\n"
    names = sorted(range(len(family.labels)), key=family.labels.__getitem__)
    for labels, value in cells.items():
        pairs = ",".join([f'{family.labels[n]}="{labels[n].translate(_ESCAPED)}"' for n in names])
        if family.type == "histogram":
            yield from _histogram(family, pairs, value)
        else:
            yield f"{family.name}{{{pairs}}} {value!r}\n" if pairs else f"{family.name} {value!r}\n"


def _histogram(family: Family, pairs: str, cells: list[float]) -> Iterator[str]:
    *counts, total = cells
    for bound, count in zip((*family.buckets, "+Inf"), accumulate(counts), strict=True):
        yield f'{family.name}_bucket{{{pairs},le="{bound}"}} {count!r}\n'
    yield f"{family.name}_count{{{pairs}}} {sum(counts)!r}\n{family.name}_sum{{{pairs}}} {total!r}\n"
