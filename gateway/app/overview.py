"""Keeps the console's overview of the shared ledger up to date, when somebody looks; whichever worker is asked."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from threading import Lock
from time import monotonic, sleep, time
from typing import Any

from gateway.app.learning import LATE_S, LONGEST_S
from gateway.pipeline import Gateway
from gateway.record.shape import Json
from gateway.record.store import Store
from gateway.report.overview import Overview

MOST_ROWS = 10_000  # of the past, when somebody looks for the first time
LONGEST_PAST_S = 7 * 86_400.0
KEPT_S = 1.0  # however many look, the ledger is read once in this time
_FORGOTTEN_S = 600.0  # not looked at for so long, it begins again
_BREATH_ROWS = 10  # after so many the thread rests, or requests would wait for it
_BREATH_S = 0.002


class LiveOverview:
    """Call it in a thread: it asks the database."""

    def __init__(self, store: Store, gateway: Callable[[], Gateway], resting: Callable[[], Container[str]]):
        self._store = store
        self._gateway = gateway
        self._resting = resting
        self._lock = Lock()
        self._fold: Overview | None = None
        self._version = ""
        self._told: dict[str, Any] = {}
        self._told_at = 0.0
        self._ended = 0.0  # the latest end of a request that was read
        self._seen: dict[str, float] = {}  # those that may be read again, with their end

    def __call__(self) -> dict[str, Any]:
        """What there is to show, at most a second old."""
        with self._lock:
            if monotonic() - self._told_at > KEPT_S or not self._told:
                gateway = self._gateway()
                fold = self._read(gateway)
                self._told = fold.plain(gateway.estimates(), resting=self._resting())
                self._told_at = monotonic()
            return self._told

    def _read(self, gateway: Gateway) -> Overview:
        policy = gateway.policy
        if self._fold is None or self._version != policy.version or monotonic() - self._told_at > _FORGOTTEN_S:
            self._fold, self._version = Overview(policy), policy.version
            self._ended, self._seen = 0.0, {}
        snapshot = gateway.estimates()
        latest = self._ended
        for row in self._unread():
            if row["request_id"] in self._seen:
                continue
            ended = self._fold.add(row, snapshot)
            self._seen[row["request_id"]] = ended
            latest = max(latest, ended)
            if len(self._seen) % _BREATH_ROWS == 0:
                sleep(_BREATH_S)
        self._ended = latest
        self._seen = {id: ended for id, ended in self._seen.items() if ended >= latest - LATE_S}
        return self._fold

    def _unread(self) -> Iterable[Json]:
        if self._ended:
            return self._store.ended(since=self._ended - LATE_S, received=self._ended - LATE_S - LONGEST_S)
        return self._store.rows(since=max(self._store.newest_since(MOST_ROWS), time() - LONGEST_PAST_S))
