"""Keeps the console's overview of the shared ledger up to date, look by look."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import time

import msgspec

from gateway.background.learning import LATE_S, LONGEST_S
from gateway.estimates import PRIORS, Snapshot
from gateway.policy.compiled import Policy
from gateway.processes.key_files import key_at
from gateway.record import heartbeat
from gateway.record.shape import Json, shaped
from gateway.record.store import Store, Teams
from gateway.report.overview import Overview
from gateway.upstreams.logins import Logins

MOST_SCOPES = 8  # sets of teams that are kept up to date at once
MOST_A_LOOK = 2_000  # requests read at once: the page of a busier gateway shows the newest
MOST_ROWS = 10_000  # of the past, when somebody looks for the first time
LONGEST_PAST_S = 7 * 86_400.0


class LiveOverview:
    """Of the policy that `policy` gives, which is another object when it has changed."""

    def __init__(self, store: Callable[[], Store], policy: Callable[[], Policy], state_dir: Path, teams: Teams = None):
        self._teams = teams
        self._store = store
        self._policy = policy
        self._state_dir = state_dir
        self._snapshot = PRIORS
        self._fold: Overview | None = None
        self._served: Policy | None = None
        self._told = b""
        self._rested: frozenset[str] = frozenset()  # as it was told
        self._ended = 0.0  # the latest end of a request that was read
        self._seen: dict[str, float] = {}  # those that may be read again, with their end

    def __call__(self, snapshot: Snapshot | None) -> bytes:
        """What there is to show, as JSON; `snapshot`: None for the last one. Raises whatever the ledger raises."""
        self._snapshot = snapshot or self._snapshot
        fold, fresh = self._current(self._policy())
        added, resting = self._read(fold), _resting(self._state_dir)
        if fresh or added or resting != self._rested:
            self._told = msgspec.json.encode(fold.plain(self._snapshot, resting=resting))
        self._rested = resting
        return self._told

    def _current(self, policy: Policy) -> tuple[Overview, bool]:
        """The fold, and whether it is a fresh one, as with every policy."""
        if self._fold is not None and self._served is policy:
            return self._fold, False
        self._fold, self._served = Overview(policy, Logins(key_at).found), policy
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
            since, seen = self._ended - LATE_S, self._seen
            return self._store().ended(
                shaped, since=since, received=received, most=MOST_A_LOOK, seen=seen, teams=self._teams
            )
        store = self._store()
        since = max(store.newest_since(MOST_ROWS, teams=self._teams), time() - LONGEST_PAST_S)
        return store.rows(since=since, teams=self._teams)


class Overviews:
    """One for each set of teams whose administrators look; those that nobody looks at any more are let go."""

    def __init__(self, store: Callable[[], Store], policy: Callable[[], Policy], state_dir: Path):
        self._make = partial(LiveOverview, store, policy, state_dir)
        self._known: OrderedDict[frozenset[str] | None, LiveOverview] = OrderedDict()
        self._snapshot: Snapshot | None = None

    def __call__(self, snapshot: Snapshot | None, teams: frozenset[str] | None) -> bytes:
        """As LiveOverview's."""
        self._snapshot = snapshot or self._snapshot
        if teams not in self._known:
            self._known[teams] = self._make(teams)
        self._known.move_to_end(teams)
        while len(self._known) > MOST_SCOPES:
            self._known.popitem(last=False)
        return self._known[teams](self._snapshot)


def _resting(state_dir: Path) -> frozenset[str]:
    """Endpoints that any worker passes over, as of a second ago."""
    cells = [beat.gauges.get("gateway_breaker_open", ()) for beat in heartbeat.beats(state_dir).values()]
    return frozenset(labels[0] for each in cells for labels, value in each if value)
