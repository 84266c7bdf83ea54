"""What the control process does with the journals: each reader in a thread of its own, none awaiting another."""

from __future__ import annotations

import gc
import logging
import shutil
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep, time
from typing import TYPE_CHECKING

from gateway.background.late_settlements import LateSettlements, settle_in_redis
from gateway.background.learning import EstimatesSink
from gateway.background.policy_versions import Policies
from gateway.background.rule_pricing import RecordPricing
from gateway.background.spending import SpendingSink
from gateway.estimates import Snapshot
from gateway.outcome.savings import machines
from gateway.record import heartbeat
from gateway.record.access_log import AccessLogSink
from gateway.record.collectors import Labels, Registry
from gateway.record.find import find
from gateway.record.follower import Follower, Sink
from gateway.record.journal.layout import (
    FOLDER,
    bytes_in,
    header_of,
    is_alive,
    journals,
    price_name,
    segment_name,
    segment_numbers,
)
from gateway.record.journal.prices import PriceBook
from gateway.record.journal.reader import Positions
from gateway.record.journal.tail import Position, Shared
from gateway.record.ledger import LedgerSink
from gateway.record.metrics import MetricsSink
from gateway.record.pace import Pace
from gateway.record.shape import Json
from gateway.settings import Settings, wants_tracing

if TYPE_CHECKING:
    from gateway.record.tracing import TracesSink

TURN_S = 0.02  # of a thread, while others wait
YOUNG_OBJECTS = 50_000
KEEP_S = 3_600.0  # a segment stays so long after all readers have it
LOOK_S = 1.0
CLOSE_S = 5.0  # for all readers together
FIRST_S = 10.0  # until metrics have read what was there
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """For readiness and the console."""

    behind: dict[str, int]  # by reader: frames that wait for it
    up: dict[str, bool]  # by reader: its last step succeeded
    ledger_up: bool
    bytes: int  # of all journals


class Readers:
    """Of one control process."""

    def __init__(self, settings: Settings):
        state_dir, url = settings.state_dir, settings.database_url
        self._state_dir = state_dir
        self._most_bytes = settings.journal_bytes
        self.policies = Policies(state_dir)  # for pages too: compiled once a process
        self._estimates = EstimatesSink(state_dir=state_dir, database_url=url, policy=self.policies.newest)
        pricing, one_at_a_time = RecordPricing(self.policies.of, self._estimates.latest), threading.Lock()
        books = [PriceBook(state_dir, pricing, one_at_a_time) for _ in ("metrics", "ledger")]
        self._metrics = MetricsSink(state_dir, books[0].look_up, traced=wants_tracing())
        self._ledger = LedgerSink(
            state_dir=state_dir,
            database_url=url,
            unwritable=self._metrics.count_dropped,
            price=books[1].look_up,
        )
        spending = SpendingSink(state_dir=state_dir, database_url=url)
        sinks: list[Sink] = [self._metrics, spending, self._estimates, self._ledger, *_traces(state_dir)]
        if settings.access_log is not None:
            sinks.append(AccessLogSink(state_dir, settings.access_log))
        if settings.redis_url is not None:
            settle = partial(settle_in_redis, settings.redis_url)
            sinks.append(LateSettlements(state_dir, self.policies.keyring, settle))
        shared, pace = Shared(), Pace()
        self._followers = {sink.name: Follower(state_dir, sink, shared, pace) for sink in sinks}
        self._read_since: dict[Path, float] = {}  # segments that all have read: when that was seen
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journals", daemon=True)

    @property
    def registry(self) -> Registry:
        """Of all metrics."""
        return self._metrics.registry

    def exposition(self) -> bytes:
        """Prometheus' text format."""
        return self._metrics.exposition()

    def snapshot(self) -> Snapshot:
        """What is known by now."""
        return self._estimates.snapshot

    def status(self) -> Status:
        behind = {name: follower.behind() for name, follower in self._followers.items()}
        up = {name: follower.up for name, follower in self._followers.items()}
        return Status(behind, up, up[LedgerSink.name], bytes_in(self._state_dir / FOLDER))

    def decision(self, request_id: str) -> Json | None:
        """What a request's journal says that the ledger does not have yet. Asks no database."""
        return find(self._state_dir / FOLDER, self._ledger.kept or {}, request_id)

    def start(self) -> None:
        """Returns when the metrics stand where the process before left them, or after FIRST_S."""
        self._thread.start()
        deadline = monotonic() + FIRST_S
        metrics = self._followers[MetricsSink.name]
        while not metrics.caught_up_at and monotonic() < deadline:
            sleep(0.02)

    def close(self) -> None:
        """Reads what is left, as far as time allows: what waits is read at the next start."""
        self._closing.set()
        self._thread.join(LOOK_S)
        deadline = monotonic() + CLOSE_S
        for name, follower in self._followers.items():
            if not follower.close(max(0.1, deadline - monotonic())):
                _log.warning("%s is not waited for any longer; what waits is read at the next start", name)

    def _run(self) -> None:
        for follower in self._followers.values():
            follower.start()
        while not self._closing.wait(LOOK_S):
            try:
                self._look()
            except Exception as wrong:  # noqa: BLE001 - a full or unreadable disk ends no supervision
                _log.warning("the journals cannot be looked after: %s", wrong)

    def _look(self) -> None:
        status = self.status()
        self._metrics.tell("gateway_reader_behind", {(name,): float(count) for name, count in status.behind.items()})
        self._metrics.tell("gateway_journal_used_ratio", {(): status.bytes / self._most_bytes})
        self._metrics.tell("gateway_ledger_up", {(): float(status.ledger_up)})
        policy = self.policies.newest()
        if policy is not None:
            hours: dict[Labels, float] = {(id,): float(usd) for id, usd in machines(policy.endpoints).items()}
            self._metrics.tell("gateway_machine_usd_per_hour", hours)
        away = self._state_dir / heartbeat.LEDGER_AWAY  # for the workers, whose readiness tells
        if status.ledger_up:
            away.unlink(missing_ok=True)
        else:
            away.touch()
        kept = [follower.sink.kept for follower in self._followers.values()]
        whole = [each for each in kept if each is not None]
        if len(whole) == len(kept):
            self._tidy(whole)

    def _tidy(self, kept: list[Positions]) -> None:
        """Removes segments an hour after all have them, at once where room is short; with the last one, its journal."""
        now, full = time(), bytes_in(self._state_dir / FOLDER) > self._most_bytes // 2
        for journal in journals(self._state_dir / FOLDER):
            alive = is_alive(journal)
            numbers = segment_numbers(journal)
            for number in numbers:
                path = journal / segment_name(number)
                last = number == numbers[-1]
                if (last and alive) or not _all_read(path, journal.name, number, kept):
                    continue
                if full or now - self._read_since.setdefault(path, now) >= KEEP_S:
                    path.unlink(missing_ok=True)
                    (journal / price_name(number)).unlink(missing_ok=True)
                    self._read_since.pop(path, None)
            if not alive and not segment_numbers(journal):
                shutil.rmtree(journal, ignore_errors=True)
                heartbeat.forget(self._state_dir, journal.name)


def _all_read(path: Path, journal: str, number: int, kept: list[Positions]) -> bool:
    accepted = header_of(path).accepted
    positions = [each.get(journal, Position()) for each in kept]
    return all(each.segment > number or (each.segment == number and each.frames >= accepted) for each in positions)


def _traces(state_dir: Path) -> list[TracesSink]:
    if not wants_tracing():
        return []
    from gateway.record.tracing import TracesSink  # not imported where nothing collects

    return [TracesSink(state_dir)]


def start_readers(settings: Settings) -> Readers:
    """Once a control process, whose threads are then told to take longer turns and to look for garbage more rarely.

    Each reader is busy with its own records: a turn of 5 ms, and a look at all young objects every 700, took them a
    quarter of their time (`python -m bench.ingest`).
    """
    sys.setswitchinterval(TURN_S)
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)
    readers = Readers(settings)
    readers.start()
    return readers
