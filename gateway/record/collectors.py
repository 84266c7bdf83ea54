"""The metrics as prometheus_client's own objects, made from `families`; kept over a restart of the control process."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics

from gateway.record.families import FAMILIES, Family

Labels: TypeAlias = tuple[str, ...]
Counts: TypeAlias = dict[str, defaultdict[Labels, float]]  # by family
Values: TypeAlias = dict[str, defaultdict[Labels, list[float]]]
Exemplars: TypeAlias = dict[tuple[str, Labels], tuple[float, str]]  # family and labels: a value and its trace's id
Saved: TypeAlias = dict[str, list[tuple[Labels, Any]]]
Registry: TypeAlias = CollectorRegistry
_MADE = {"counter": prometheus_client.Counter, "gauge": Gauge, "histogram": Histogram}
disable_created_metrics()  # type: ignore[no-untyped-call] # twice the series, which nobody asks for


class Collectors:
    """One registry with every family."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._made: dict[str, Any] = {family.name: self._make(family) for family in FAMILIES}

    def _make(self, family: Family) -> Any:
        buckets = {"buckets": family.buckets} if family.type == "histogram" else {}
        return _MADE[family.type](family.name, family.help, family.labels, registry=self.registry, **buckets)

    def add(self, counts: Mapping[str, Mapping[Labels, float]]) -> None:
        """To counters."""
        for name, cells in counts.items():
            for labels, count in cells.items():
                self._cell(name, labels).inc(count)

    def observe(self, values: Mapping[str, Mapping[Labels, list[float]]], exemplars: Exemplars) -> None:
        """In histograms; `exemplars` are among the values."""
        for name, cells in values.items():
            for labels, seen in cells.items():
                cell, example = self._cell(name, labels), exemplars.get((name, labels))
                if example is not None:
                    cell.observe(example[0], {"trace_id": example[1]})
                    seen.remove(example[0])
                bounds = cell._upper_bounds
                for place, count in Counter([bisect_left(bounds, value) for value in seen]).items():
                    cell._buckets[place].inc(count)  # a batch at once: `observe` takes a lock for each value
                cell._sum.inc(sum(seen))

    def set(self, name: str, cells: Mapping[Labels, float]) -> None:
        """A gauge: these values and no others."""
        gauge = self._made[name]
        if gauge._labelnames:
            for labels in set(gauge._metrics) - cells.keys():
                gauge.remove(*labels)
        for labels, value in cells.items():
            self._cell(name, labels).set(value)

    def saved(self) -> Saved:
        """All counters and histograms."""
        return {
            family.name: [(labels, _value(family, cell)) for labels, cell in self._cells(family)]
            for family in FAMILIES
            if family.type != "gauge"
        }

    def restore(self, saved: Saved) -> None:
        """What was saved, by the same release or an earlier one."""
        for family in FAMILIES:
            for labels, value in saved.get(family.name, ()):
                if family.type == "gauge" or len(labels) != len(family.labels):
                    continue
                cell = self._cell(family.name, tuple(labels))
                if family.type == "counter":
                    cell.inc(value)
                elif len(value) == len(cell._buckets) + 1:  # other buckets are another metric
                    for bucket, count in zip(cell._buckets, value, strict=False):
                        bucket.inc(count)
                    cell._sum.inc(value[-1])

    def _cells(self, family: Family) -> list[tuple[Labels, Any]]:
        made = self._made[family.name]
        return list(made._metrics.items()) if family.labels else [((), made)]

    def _cell(self, name: str, labels: Labels) -> Any:
        made = self._made[name]
        return made.labels(*labels) if labels else made


def _value(family: Family, cell: Any) -> float | list[float]:
    if family.type == "counter":
        value: float = cell._value.get()
        return value
    return [*(bucket.get() for bucket in cell._buckets), cell._sum.get()]
