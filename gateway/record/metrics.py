"""The metrics' sink: counts records into prometheus_client's registry, and keeps counts and positions in one file."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from time import monotonic, time

import msgspec
from prometheus_client import CollectorRegistry, generate_latest

from gateway.record import files, heartbeat
from gateway.record.collectors import Collectors, Counts, Labels, Saved
from gateway.record.counting import Count
from gateway.record.families import FAMILIES
from gateway.record.heartbeat import Beat
from gateway.record.journal.entry import Entry
from gateway.record.journal.layout import FOLDER, is_alive
from gateway.record.journal.reader import Batch, Positions, dropped
from gateway.record.positions import Plain, plain, positions_of

NAME = "metrics.state"  # in the state folder
SAVE_S = 2.0
_GAUGES = {family.name: family for family in FAMILIES if family.type == "gauge"}
_MERGE: dict[str, Callable[[float, float], float]] = {"sum": lambda a, b: a + b, "max": max, "min": min}
_FIRST, _LAST = "gateway_first_request_timestamp_seconds", "gateway_last_reply_timestamp_seconds"
# Gauges that the control process itself knows.
OWN = frozenset(
    {
        "gateway_reader_behind",
        "gateway_ledger_up",
        "gateway_journal_used_ratio",
        "gateway_machine_usd_per_hour",
        _FIRST,
        _LAST,
    }
)
_DROPPED = "gateway_ledger_dropped_total"
NEVER = (inf, -inf)
_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct):
    """The file."""

    positions: Plain
    values: Saved
    told: dict[str, dict[str, list[tuple[Labels, float]]]]  # counters of each process as they were last read
    dropped: dict[str, int]  # by journal
    span: tuple[float, float] = NEVER  # from the first request that was received to the end of the last


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


def _read(path: Path) -> _Kept | None:
    data = files.read(path)
    if data is None:
        return None
    try:
        return _decode(data)
    except msgspec.DecodeError:
        _log.error("%s cannot be read: metrics begin anew, and count what the journals still hold", path)
        return None


class MetricsSink:
    """One a control process."""

    name = "metrics"

    def __init__(self, state_dir: Path, price: Callable[[Sequence[Entry]], None], *, traced: bool = False):
        """`price` tells records what they were worth.

        `traced`: times name a trace beside them, for who reads OpenMetrics.
        """
        self._traced = traced
        self.kept: Positions | None = None
        self._collectors = Collectors()
        self._price = price
        self._state_dir = state_dir
        self._path = state_dir / NAME
        self._positions: Positions | None = None
        self._told: dict[str, dict[str, list[tuple[Labels, float]]]] = {}
        self._dropped: dict[str, int] = {}
        self._span = NEVER
        self._saved_at = 0.0
        self._changed = False
        self._start_at_zero()

    @property
    def registry(self) -> CollectorRegistry:
        return self._collectors.registry

    def exposition(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self.registry)

    def open(self) -> Positions:
        """See Sink: where it was in this process, else what was kept by the one before."""
        if self._positions is None:
            self._positions = self._load()
            self.kept = dict(self._positions)
        return self._positions

    def take(self, batch: Batch, positions: Positions) -> None:
        """See Sink."""
        count = Count()
        self._price(batch.entries)
        for entry in batch.entries:
            count.add(entry)
            if self._traced:
                count.exemplify(entry)
            if entry.priced is not None:
                count.price(entry, entry.priced)
        self._collectors.add(count.counts)
        self._collectors.observe(count.values, count.exemplars)
        self._tell_span(min(self._span[0], count.first_at), max(self._span[1], count.last_at))
        self._positions = positions
        self._changed = True

    def _tell_span(self, first: float, last: float) -> None:
        """From when to when requests were served: for so long own machines are paid by the hour."""
        self._span = first, last
        if self._span != NEVER:
            self.tell(_FIRST, {(): first})
            self.tell(_LAST, {(): last})

    def rest(self, at: float) -> None:
        """See Sink."""
        self.look()
        if self._changed and monotonic() - self._saved_at > SAVE_S:
            self.save()

    def close(self) -> None:
        """See Sink."""
        self.look()
        self.save()

    def look(self) -> None:
        """At what the other processes say of themselves."""
        beats = heartbeat.beats(self._state_dir)
        for name, beat in beats.items():
            self._add_counters(name, beat)
        alive = {name: beat for name, beat in beats.items() if is_alive(self._state_dir / FOLDER / name)}
        self._set_gauges(alive)
        lost = {name: beat.dropped for name, beat in beats.items()}  # a disk that is full takes no heartbeat either
        for name, count in (*lost.items(), *dropped(self._state_dir).items()):
            self.count_dropped(count - self._dropped.get(name, 0))
            self._dropped[name] = max(count, self._dropped.get(name, 0))

    def count_dropped(self, count: int) -> None:
        """Records that the ledger never gets."""
        if count > 0:
            self._collectors.add({_DROPPED: {(): float(count)}})
            self._changed = True

    def save(self) -> None:
        """Counts and positions, whole. A full disk leaves what was saved before, and the records to count again."""
        positions = self._positions or {}
        self._saved_at = monotonic()
        with suppress(OSError):
            files.swap(
                self._path,
                _encode(_Kept(plain(positions), self._collectors.saved(), self._told, self._dropped, self._span)),
            )
            self.kept, self._changed = dict(positions), False

    @staticmethod
    def take_over(state_dir: Path, left: Path, journals: set[str]) -> None:
        """What another gateway's metrics have counted of its journals is not counted here. Raises OSError."""
        mine, theirs = _read(state_dir / NAME), _read(left / NAME)
        if theirs is not None:
            mine = mine or _Kept({}, {}, {}, {})
            mine.positions |= {name: place for name, place in theirs.positions.items() if name in journals}
            mine.dropped |= {name: count for name, count in theirs.dropped.items() if name in journals}
            files.swap(state_dir / NAME, _encode(mine))

    def _load(self) -> Positions:
        kept = _read(self._path)
        if kept is None:
            return {}
        self._collectors.restore(kept.values)
        self._told, self._dropped = kept.told, kept.dropped
        self._tell_span(*kept.span)
        return positions_of(kept.positions)

    def _add_counters(self, name: str, beat: Beat) -> None:
        """What has been added since the last beat; a process that began again with the same name begins at 0."""
        before = {
            (family, labels): value for family, cells in self._told.get(name, {}).items() for labels, value in cells
        }
        fresh: Counts = defaultdict(lambda: defaultdict(float))
        for family, cells in beat.counters.items():
            for labels, value in cells:
                seen = before.get((family, labels), 0.0)
                fresh[family][labels] += value - seen if value >= seen else value
        self._collectors.add({family: cells for family, cells in fresh.items() if any(cells.values())})
        if self._told.get(name) != beat.counters:
            self._told[name], self._changed = beat.counters, True

    def _set_gauges(self, beats: dict[str, Beat]) -> None:
        merged: dict[str, dict[Labels, float]] = {name: {} for name in _GAUGES}
        merged["gateway_in_flight"][()] = 0.0
        merged["gateway_workers"][()] = float(len(beats))
        merged["gateway_heartbeat_age_seconds"][()] = max([0.0, *(time() - beat.at for beat in beats.values())])
        merged["gateway_event_loop_late_seconds"][()] = max([0.0, *(beat.behind_s for beat in beats.values())])
        for beat in beats.values():
            for name, cells in beat.gauges.items():
                if name not in _GAUGES:
                    continue
                for labels, value in cells:
                    known = merged[name].get(labels)
                    merge = _MERGE[_GAUGES[name].workers]
                    merged[name][labels] = value if known is None else merge(known, value)
        merged["gateway_shared_state_up"].setdefault((), 1.0)
        for name, found in merged.items():
            if name not in OWN:
                self._collectors.set(name, found)

    def tell(self, name: str, cells: dict[Labels, float]) -> None:
        """One of the control process's own gauges."""
        self._collectors.set(name, cells)

    def _start_at_zero(self) -> None:
        """What must be there before it first happens, or the first time would not show as an increase."""
        for result in ("accepted", "refused"):
            self._collectors.add({"gateway_policy_reload_total": {(result,): 0.0}})
        self.tell("gateway_shared_state_up", {(): 1.0})  # a lone process needs to reach nothing
