"""The estimates' sink: learns from this gateway's own journals at once, from other gateways' rows every few seconds."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from time import monotonic, time

from gateway.background.learned import NAME, publish
from gateway.estimates import PRIORS, Estimates, Snapshot
from gateway.estimates.fold import MOST_AT_START, REMEMBERED_S, Feedback
from gateway.outcome.observe import feedback_of, learn
from gateway.outcome.row import Row, Tried, read_row
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.record.columns import unblanked
from gateway.record.journal.entry import Entry
from gateway.record.journal.reader import Batch, Positions
from gateway.record.journal.record import Tried as Attempt
from gateway.record.shape import row_of
from gateway.record.store import Store, open_store

LOOK_S = 3.0  # between two looks at the ledger
LONGEST_S = 900.0  # a request that took longer is learned from at the next start
LATE_S = 30.0  # rows of other gateways may be written so much later than they ended
MOST_A_LOOK = 500  # a busier gateway learns from a sample of what others did: the newest
PUBLISH_S = 1.0
_log = logging.getLogger(__name__)


class EstimatesSink:
    """One a control process. `snapshot` is what is known by now."""

    name = "estimates"

    def __init__(self, *, state_dir: Path, database_url: str | None, policy: Callable[[], Policy | None]):
        self.kept: Positions | None = None
        self.snapshot: Snapshot = PRIORS
        self._state_dir = state_dir
        self._database_url = database_url
        self._policy = policy
        self._estimates = Estimates()
        self._seen: dict[str, float] = {}  # requests that may be read again, with their end
        self._ledger: _Ledger | None = None
        self._fresh = True
        self._published_at = 0.0

    def latest(self) -> Snapshot:
        return self.snapshot

    def open(self) -> Positions:
        """See Sink: the ledger is read once, and the journals from where it ends. Raises LedgerUnusable."""
        if self.kept is None:
            self.kept = self._read_ledger()
        return self.kept

    def take(self, batch: Batch, positions: Positions) -> None:
        """See Sink."""
        self._learn(entry_row(entry) for entry in batch.entries)
        self.kept = positions

    def rest(self, at: float) -> None:
        """See Sink."""
        assert self._ledger is not None
        rows, feedback = self._ledger.heard()
        self._learn(rows)
        for said in feedback:
            self._estimates.add_feedback(said)
        self._fresh = self._fresh or bool(feedback)
        if monotonic() - self._published_at >= PUBLISH_S:
            self._publish()

    def close(self) -> None:
        """See Sink."""
        if self._ledger is not None:
            self._ledger.close()

    def _publish(self) -> None:
        """A file that says nothing new is touched: its age says that somebody is there. Raises OSError."""
        if self._fresh:
            self.snapshot = self._estimates.snapshot()
            publish(self._state_dir, self.snapshot)
            policy = self._policy()
            if policy is not None:
                policy.rankings.renew(self.snapshot)
            self._fresh = False
        else:
            os.utime(self._state_dir / NAME)
        self._published_at = monotonic()
        oldest = time() - LATE_S - LONGEST_S
        self._seen = {id: ended for id, ended in self._seen.items() if ended >= oldest}

    def _learn(self, rows: Iterable[Row]) -> None:
        policy = self._policy()
        if policy is None:
            return
        terms = Terms(policy)
        for row in rows:
            if row.request_id in self._seen:
                continue
            learn(self._estimates, row, terms, policy.catalog)
            self._seen[row.request_id] = row.ended
            self._fresh = True

    def _read_ledger(self) -> Positions:
        store = open_store(database_url=self._database_url, state_dir=self._state_dir)
        try:
            with store.at_once() as then:
                positions = then.positions()
                self._learn(_past(then, time()))
        finally:
            store.close()
        self._ledger = _Ledger(self._database_url, self._state_dir, self._seen)
        return positions


class _Ledger:
    """Looks at the ledger in a thread of its own: one that hangs keeps nobody from learning of the journals."""

    def __init__(self, database_url: str | None, state_dir: Path, seen: dict[str, float]):
        self._database_url, self._state_dir = database_url, state_dir
        self._shared = database_url is not None  # otherwise nobody else writes to it
        self._store: Store | None = None
        self._ended = time()
        self._heard_at = 0.0
        self._heard: set[str] = set()
        self._passed: dict[str, float] = dict(seen)
        self._rows: SimpleQueue[Row] = SimpleQueue()
        self._feedback: SimpleQueue[Feedback] = SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="estimates-ledger", daemon=True)
        self._thread.start()

    def heard(self) -> tuple[list[Row], list[Feedback]]:
        """What is new since the last time."""
        rows = [self._rows.get() for _ in range(self._rows.qsize())]
        return rows, [self._feedback.get() for _ in range(self._feedback.qsize())]

    def close(self) -> None:
        self._closing.set()
        self._thread.join(1.0)  # one that hangs is left behind: it writes nothing

    def _run(self) -> None:
        while not self._closing.wait(LOOK_S if self._store else 0.2):
            try:
                self._store = self._store or open_store(database_url=self._database_url, state_dir=self._state_dir)
                if self._shared:
                    self._look(self._store)
                self._listen(self._store)
            except Exception as wrong:  # noqa: BLE001 - the thread outlives a database that is away
                _log.warning("learning from the ledger waits: %s", str(wrong).strip().partition("\n")[0])
                self._closing.wait(LOOK_S)
        if self._store is not None:
            self._store.close()

    def _look(self, store: Store) -> None:
        """At rows that other gateways may have written; those of this one are passed over by whoever learns."""
        since = self._ended - LATE_S
        rows = store.ended(row_of, since=since, received=since - LONGEST_S, most=MOST_A_LOOK, seen=self._passed)
        for row in rows:
            self._rows.put(row)
            self._passed[row.request_id] = row.ended
            self._ended = max(self._ended, row.ended)
        self._passed = {id: ended for id, ended in self._passed.items() if ended >= self._ended - LATE_S}

    def _listen(self, store: Store) -> None:
        told = store.feedback(since=max(self._heard_at - LATE_S, time() - REMEMBERED_S))
        for id, at, answered in told:
            if id in self._heard:
                continue
            json = store.row(id)
            said = feedback_of(read_row(json), at, answered) if json is not None else None
            if said is not None:
                self._feedback.put(said)
            self._heard_at = max(self._heard_at, at)
        self._heard = {id for id, _, _ in told}


def _past(store: Store, at: float) -> Iterable[Row]:
    oldest, since = at - REMEMBERED_S, store.newest_since(MOST_AT_START)
    if since <= oldest:
        return store.read(since=oldest)
    # Of what is older only canaries: one that has stopped says no more, and must not begin again.
    return chain(store.canaries(since=oldest, until=since), store.read(since=since))


def entry_row(entry: Entry) -> Row:
    """A record as estimates read it: what its row in the ledger would say of it, but for what no estimate needs."""
    record, decided = entry.record, entry.record.decided
    view = (
        {} if decided is None or decided.canary is None else dict(zip(("trial", "drawn"), decided.canary, strict=True))
    )
    return Row(
        request_id=record.request_id,
        at=datetime.fromtimestamp(record.at, UTC),
        outcome=record.outcome,
        team=record.team,
        app=record.app,
        key_id=unblanked(record.key_id),
        route=decided.route if decided else None,
        policy_version=entry.terms.version if entry.terms else None,
        signals={"kind": record.kind, "stream": record.stream, "model": record.model}
        | (decided.signals if decided else {}),
        attempts=tuple([_tried(entry, attempt) for attempt in record.attempts]),
        denied_by=record.denied_by,
        ended_at=datetime.fromtimestamp(record.ended_at, UTC),
        view={"canary": view} if view else {},
    )


def _tried(entry: Entry, attempt: Attempt) -> Tried:
    return Tried(
        entry.place(attempt).endpoint,
        attempt.outcome,
        attempt.purpose,
        Decimal(attempt.cost_usd),
        attempt.tokens,
        attempt.first_byte_s,
        attempt.total_s,
    )
