"""What a record's rules and baseline were worth: decided again by the policy that it names, priced as of now."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gateway.estimates import Snapshot
from gateway.outcome.priced import Priced, Pricing, Settled, has_price
from gateway.policy.compiled import Policy
from gateway.policy.decide import consider
from gateway.policy.explain.redecide import signals_of
from gateway.policy.view import View
from gateway.record.journal.entry import Entry

_log = logging.getLogger(__name__)


class RecordPricing:
    """Called by one thread."""

    def __init__(self, policy: Callable[[str], Policy | None], known: Callable[[], Snapshot]):
        """`policy` by its version; None: it is not known any more, and nothing is priced."""
        self._policy = policy
        self._known = known
        self._pricing = Pricing()

    def __call__(self, entry: Entry) -> Priced | None:
        record, decided, terms = entry.record, entry.record.decided, entry.terms
        if decided is None or terms is None:
            return None
        policy = self._policy(terms.version)
        if policy is None:
            return None
        signals = signals_of({"signals": decided.signals, "team": record.team, "app": record.app})
        view = View(at=decided.at, frozen=tuple(decided.frozen), max_tokens=decided.max_tokens, estimates=self._known())
        decision = consider(policy, signals, view)
        if not has_price(decision):
            return None
        served = entry.served_by
        endpoint = policy.catalog.endpoints.get(entry.place(served).endpoint) if served else None
        settled = (endpoint, served.tokens) if endpoint is not None and served else None
        return self._pricing.priced(decision, Settled(record.outcome, settled, record.ended_at))
