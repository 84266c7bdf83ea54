"""Learns from the ledger in a thread: whatever any worker wrote, before or after a restart, moves the estimates."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from time import sleep, time

from gateway.estimates import PRIORS, Estimates, Snapshot
from gateway.estimates.fold import MOST_AT_START, REMEMBERED_S
from gateway.outcome.observe import feedback_of, learn
from gateway.outcome.outcome import Outcome
from gateway.outcome.priced import Priced, Pricing, has_price
from gateway.outcome.row import Row, read_row
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.record.drain import Drain
from gateway.record.shape import row_of
from gateway.record.store import Store

LOOK_S = 3.0  # between two looks at the ledger
LONGEST_S = 900.0  # a request that took longer is learned from at the next start
LATE_S = 30.0  # rows of other workers may be written so much later than they ended
MOST_A_LOOK = 500  # a busier gateway learns from a sample: the newest
_BREATH_ROWS = 10  # after so many the thread rests, or requests would wait for it
_BREATH_S = 0.002
_log = logging.getLogger(__name__)


class Learner:
    """One a worker. `snapshot` is what is known by now."""

    def __init__(self, store: Store):
        self.snapshot: Snapshot = PRIORS
        self._store = store
        self._policy: Policy | None = None
        self._estimates = Estimates()
        self._ended = 0.0  # the latest end of a request that was learned from
        self._seen: dict[str, float] = {}  # those that may be read again, with their end
        self._heard_at = 0.0  # the latest feedback that was learned from
        self._heard: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="learning", daemon=True)
        self._thread.start()

    def serves_policy(self, policy: Policy) -> None:
        """From here on it decides; what is known is made ready for it."""
        self._policy = policy

    def known(self) -> Snapshot:
        return self.snapshot

    def close(self) -> None:
        self._closing.set()
        self._thread.join(1)  # it writes nothing

    def _run(self) -> None:
        while not self._closing.wait(LOOK_S if self._ended else 0.2):
            policy = self._policy
            if policy is None:
                continue
            try:
                learned = self._learn(policy) + self._listen()
            except Exception as error:  # noqa: BLE001 - the thread outlives a database that is away
                _log.warning("learning waits: %s", error)
                continue
            if learned or self.snapshot is PRIORS:
                snapshot = self._estimates.snapshot()
                policy.rankings.renew(snapshot)
                self.snapshot = snapshot

    def _learn(self, policy: Policy) -> int:
        """How many rows were new."""
        at, terms, count = time(), Terms(policy), 0
        latest = self._ended
        for row in self._unread(at):
            learn(self._estimates, row, terms, policy.catalog)
            self._seen[row.request_id] = row.ended
            latest = max(latest, row.ended)
            count += 1
            if count % _BREATH_ROWS == 0:
                sleep(_BREATH_S)
        self._ended = latest or at
        self._seen = {id: ended for id, ended in self._seen.items() if ended >= self._ended - LATE_S}
        return count

    def _listen(self) -> int:
        """How much feedback was new."""
        told = self._store.feedback(since=max(self._heard_at - LATE_S, time() - REMEMBERED_S))
        fresh = [(id, at, answered) for id, at, answered in told if id not in self._heard]
        for id, at, answered in fresh:
            json = self._store.row(id)
            said = feedback_of(read_row(json), at, answered) if json is not None else None
            if said is not None:
                self._estimates.add_feedback(said)
            self._heard_at = max(self._heard_at, at)
        self._heard = {id for id, _, _ in told}
        return len(fresh)

    def _unread(self, at: float) -> Iterable[Row]:
        if not self._ended:
            oldest, since = at - REMEMBERED_S, self._store.newest_since(MOST_AT_START)
            if since <= oldest:
                return self._store.read(since=oldest)
            # Of what is older only canaries: one that has stopped says no more, and must not begin again.
            return chain(self._store.canaries(since=oldest, until=since), self._store.read(since=since))
        received = self._ended - LATE_S - LONGEST_S
        return self._store.ended(
            row_of, since=self._ended - LATE_S, received=received, most=MOST_A_LOOK, seen=self._seen
        )


class Prices:
    """Works out in a thread what each rule cost a request and what the baseline would have; too slow for a sink."""

    def __init__(self, tell: Callable[[Outcome, Priced], None]):
        self._tell = tell
        self._pricing = Pricing()
        self._drain = Drain("prices", self._price)

    def append(self, outcome: Outcome) -> None:
        """The sink."""
        if has_price(outcome):
            self._drain.put(outcome)

    def close(self) -> None:
        self._drain.close()

    def _price(self, batch: Sequence[Outcome]) -> None:
        for outcome in batch:
            priced = self._pricing.priced(outcome)
            if priced is not None:
                self._tell(outcome, priced)
