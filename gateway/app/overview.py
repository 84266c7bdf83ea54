"""Keeps the console's overview of the shared ledger up to date, when somebody looks; whichever worker is asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from time import monotonic, sleep, time
from typing import Any

from gateway.app.learning import LATE_S, LONGEST_S
from gateway.errors import GatewayError
from gateway.pipeline import Gateway
from gateway.record.shape import Json, shaped
from gateway.record.store import Store
from gateway.report.overview import Overview

MOST_A_LOOK = 2_000  # requests read at once: the page of a busier gateway shows the newest
MOST_ROWS = 10_000  # of the past, when somebody looks for the first time
LONGEST_PAST_S = 7 * 86_400.0
KEPT_S = 1.0  # however many look, the ledger is read once in this time
LONGEST_KEPT_S = 10.0
_IDLE = 19  # what took a second is kept for so many: watching costs at most a twentieth of a core
_FORGOTTEN_S = 600.0  # not looked at for so long, it begins again
_BREATH_ROWS = 10  # after so many the thread rests, or requests would wait for it
_BREATH_S = 0.002
_log = logging.getLogger(__name__)


class LiveOverview:
    """Call it in a thread: it asks the database."""

    def __init__(self, store: Store, gateway: Callable[[], Gateway], resting: Callable[[], frozenset[str]]):
        self._store = store
        self._gateway = gateway
        self._resting = resting
        self._lock = Lock()
        self._fold: Overview | None = None
        self._version = ""
        self._told: dict[str, Any] = {}
        self._told_at = 0.0
        self._kept_s = 0.0  # for how long what was told stands
        self._rested: frozenset[str] = frozenset()  # as it was told
        self._ended = 0.0  # the latest end of a request that was read
        self._seen: dict[str, float] = {}  # those that may be read again, with their end

    def __call__(self) -> dict[str, Any]:
        """What there is to show, as of a few seconds ago. Raises GatewayError if the ledger cannot be read."""
        with self._lock:
            if monotonic() - self._told_at > self._kept_s or not self._told:
                try:
                    self._renew(self._gateway())
                except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, the next look tries again
                    _log.warning("the overview waits: %s", error)
                    raise GatewayError("overloaded", "the ledger cannot be read", retry_after_s=5) from None
            return self._told

    def _renew(self, gateway: Gateway) -> None:
        started = monotonic()
        fold, fresh = self._current(gateway)
        added, resting = self._read(fold, gateway), self._resting()
        if fresh or added or resting != self._rested:
            self._told = fold.plain(gateway.estimates(), resting=resting)
        self._rested, self._told_at = resting, monotonic()
        self._kept_s = KEPT_S if fresh else min(max(KEPT_S, _IDLE * (self._told_at - started)), LONGEST_KEPT_S)

    def _current(self, gateway: Gateway) -> tuple[Overview, bool]:
        """The fold, and whether it is a fresh one: with every policy, and after nobody looked for a while."""
        version = gateway.policy.version
        unseen_s = monotonic() - self._told_at
        if self._fold is not None and self._version == version and unseen_s < _FORGOTTEN_S:
            return self._fold, False
        self._fold, self._version = Overview(gateway.policy), version
        self._ended, self._seen = 0.0, {}
        return self._fold, True

    def _read(self, fold: Overview, gateway: Gateway) -> int:
        """How many rows were new."""
        snapshot, latest, count = gateway.estimates(), self._ended, 0
        for row in self._unread():
            ended = fold.add(row, snapshot)
            self._seen[row["request_id"]] = ended
            latest = max(latest, ended)
            count += 1
            if count % _BREATH_ROWS == 0:
                sleep(_BREATH_S)
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
