"""Keeps the console's overview of the shared ledger up to date, in a process of its own of low priority.

It is told with every look what only the worker knows, and ends when the worker does, however that ends.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from time import time

import msgspec

from gateway.app import accepted
from gateway.app.ending import end_with
from gateway.app.learning import LATE_S, LONGEST_S
from gateway.app.onlooker import Look, Place
from gateway.estimates import PRIORS
from gateway.policy.compile import compile_folder
from gateway.policy.compiled import Policy
from gateway.record import tally
from gateway.record.shape import Json, shaped
from gateway.record.store import LedgerUnusable, Store, open_store
from gateway.report.overview import Overview

MOST_A_LOOK = 2_000  # requests read at once: the page of a busier gateway shows the newest
MOST_ROWS = 10_000  # of the past, when somebody looks for the first time
LONGEST_PAST_S = 7 * 86_400.0
_log = logging.getLogger("gateway")


class LiveOverview:
    """Of the policy that `policy` gives, which is another object when it has changed."""

    def __init__(self, store: Store, policy: Callable[[], Policy], resting: Callable[[], frozenset[str]]):
        self._store = store
        self._policy = policy
        self._resting = resting  # in the other workers
        self._snapshot = PRIORS
        self._fold: Overview | None = None
        self._served: Policy | None = None
        self._told = b""
        self._rested: frozenset[str] = frozenset()  # as it was told
        self._ended = 0.0  # the latest end of a request that was read
        self._seen: dict[str, float] = {}  # those that may be read again, with their end

    def __call__(self, look: Look) -> bytes:
        """What there is to show, as JSON. Raises whatever the database raises."""
        self._snapshot = look.snapshot or self._snapshot
        fold, fresh = self._current(self._policy())
        added, resting = self._read(fold), look.resting | self._resting()
        if fresh or added or resting != self._rested:
            self._told = msgspec.json.encode(fold.plain(self._snapshot, resting=resting))
        self._rested = resting
        return self._told

    def _current(self, policy: Policy) -> tuple[Overview, bool]:
        """The fold, and whether it is a fresh one, as with every policy."""
        if self._fold is not None and self._served is policy:
            return self._fold, False
        self._fold, self._served = Overview(policy), policy
        self._ended, self._seen = 0.0, {}
        return self._fold, True

    def _read(self, fold: Overview) -> int:
        """How many rows were new."""
        latest, count = self._ended, 0
        for row in self._unread():
            ended = fold.add(row, self._snapshot)
            self._seen[row["request_id"]] = ended
            latest = max(latest, ended)
            count += 1
        self._ended = latest
        self._seen = {id: ended for id, ended in self._seen.items() if ended >= latest - LATE_S}
        return count

    def _unread(self) -> Iterable[Json]:
        if self._ended:
            received = self._ended - LATE_S - LONGEST_S
            return self._store.ended(
                shaped, since=self._ended - LATE_S, received=received, most=MOST_A_LOOK, seen=self._seen
            )
        return self._store.rows(since=max(self._store.newest_since(MOST_ROWS), time() - LONGEST_PAST_S))


class _Accepted:
    """The policy that was accepted last."""

    def __init__(self, state_dir: Path):
        self._state_dir = state_dir
        self._seen: int | None = None
        self._policy: Policy | None = None

    def __call__(self) -> Policy:
        """Raises ValueError for a damaged file, Problems."""
        stamp = accepted.stamp(self._state_dir)
        if self._policy is None or stamp != self._seen:
            kept = accepted.load(self._state_dir)
            if kept is None:
                raise ValueError("no policy was accepted")
            self._policy, self._seen = compile_folder(kept[1]).policy, stamp
        return self._policy


def main() -> None:
    """Given a line's descriptor and the worker's pid: answers every Look with JSON, or with nothing if it cannot."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the worker, which ends this process
    end_with(int(sys.argv[2]))
    with Connection(int(sys.argv[1])) as line:
        place: Place = line.recv()
        try:
            store = open_store(database_url=place.database_url, state_dir=place.state_dir)
        except LedgerUnusable as wrong:
            _log.warning("there is no overview: %s", wrong)
            return
        overview = LiveOverview(store, _Accepted(place.state_dir), lambda: _resting(place.shared_metrics))
        while True:
            try:
                look: Look = line.recv()
            except EOFError:
                return
            line.send_bytes(_answer(overview, look))


def _answer(overview: LiveOverview, look: Look) -> bytes:
    try:
        return overview(look)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, the next look tries again
        _log.warning("the overview waits: %s", error)
        return b""


def _resting(shared_metrics: Path | None) -> frozenset[str]:
    """In any worker, as of half a second ago."""
    if shared_metrics is None:
        return frozenset()
    cells = tally.merged(tally.others(shared_metrics)).get("gateway_breaker_open", {})
    return frozenset(labels[0] for labels, value in cells.items() if value)
