"""What a record's rules and baseline were worth: decided again by the policy that it names, priced as of now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from gateway.background.learned import learned
from gateway.background.policy_versions import Policies
from gateway.catalog.prices import Rate
from gateway.estimates import Snapshot
from gateway.outcome.priced import Priced, Pricing, Settled, has_price
from gateway.policy.compiled import Policy
from gateway.policy.decide import consider
from gateway.policy.decision import Decision
from gateway.policy.explain.likeness import Likeness
from gateway.policy.explain.redecide import signals_of
from gateway.policy.explain.rule_cost import RuleCosts, rule_costs
from gateway.policy.view import View
from gateway.record.journal.entry import Entry

_DAY_S = 86_400
_MOST_KEPT = 4_096
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of requests that differ in their length alone."""

    page: tuple[Rate | None, ...]  # of prices
    decision: Decision | None  # of one of them; None: nothing of them has a price
    costs: RuleCosts


def pricing_in(state_dir: Path) -> RecordPricing:
    """For a process beside the control process, by what that one has said of policies and estimates."""
    known = learned(state_dir)
    return RecordPricing(Policies(state_dir).of, lambda: known)


class RecordPricing:
    """Called by one thread."""

    def __init__(self, policy: Callable[[str], Policy | None], known: Callable[[], Snapshot]):
        """`policy` by its version; None: it is not known any more, and nothing is priced."""
        self._policy = policy
        self._known = known
        self._pricing = Pricing()
        self._snapshot: Snapshot | None = None
        self._likeness: dict[str, tuple[Policy, Likeness]] = {}  # by the policy's version
        self._kinds: dict[Hashable, _Kind] = {}  # as of that snapshot

    def __call__(self, entry: Entry) -> Priced | None:
        record, decided, terms = entry.record, entry.record.decided, entry.terms
        if decided is None or terms is None or record.kept is not None:
            return None
        policy = self._policy(terms.version)
        if policy is None:
            return None
        tokens = decided.signals.get("tokens")
        length = tokens if isinstance(tokens, (int, float)) else 0.0
        kind = self._kind(entry, policy, length)
        if kind.decision is None:
            return None
        served = entry.served_by
        endpoint = policy.catalog.endpoints.get(entry.place(served).endpoint) if served else None
        last = (endpoint, served.tokens) if endpoint is not None and served else None
        list_usd = None if record.baseline_list_usd is None else Decimal(record.baseline_list_usd)
        settled = Settled(record.outcome, last, record.ended_at, list_usd)
        return self._pricing.priced(kind.decision, settled, costs=kind.costs, tokens=length)

    def _kind(self, entry: Entry, policy: Policy, length: float) -> _Kind:
        record, decided, snapshot = entry.record, entry.record.decided, self._known()
        assert decided is not None
        if snapshot is not self._snapshot or len(self._kinds) >= _MOST_KEPT:
            self._kinds.clear()
            self._snapshot = snapshot
        likeness = self._likeness_of(policy).of(decided.signals)
        day = int(decided.at // _DAY_S)
        key = policy.version, record.team, record.app, day, decided.frozen, decided.max_tokens, likeness
        page = policy.rankings.book.rates(at=decided.at, input_tokens=int(length))
        kind = self._kinds.get(key)
        if kind is None or kind.page is not page:
            kind = self._kinds[key] = self._made(entry, policy, snapshot, page)
        return kind

    def _made(self, entry: Entry, policy: Policy, snapshot: Snapshot, page: tuple[Rate | None, ...]) -> _Kind:
        record, decided = entry.record, entry.record.decided
        assert decided is not None
        signals = signals_of({"signals": decided.signals, "team": record.team, "app": record.app})
        view = View(at=decided.at, frozen=decided.frozen, max_tokens=decided.max_tokens, estimates=snapshot)
        decision = consider(policy, signals, view)
        return _Kind(page, decision if has_price(decision) else None, rule_costs(decision))

    def _likeness_of(self, policy: Policy) -> Likeness:
        kept = self._likeness.get(policy.version)
        if kept is None or kept[0] is not policy:
            kept = self._likeness[policy.version] = policy, Likeness(policy)
        return kept[1]
