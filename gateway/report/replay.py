"""`gateway replay`: what another policy would have done with the requests of a ledger. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.errors import GatewayError
from gateway.estimates import Snapshot
from gateway.outcome.row import Row
from gateway.outcome.savings import Baselines, credit
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Compiled
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.models import resolve_model
from gateway.report.dimensions import place_of
from gateway.report.effective import Groups, interval
from gateway.report.redecide import decided_again
from gateway.report.savings import rounded, usd
from gateway.signals.table import personal_signals

_EXAMPLES = 5


@dataclass(slots=True)
class _Part:
    requests: int = 0
    by: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, row: Row, names: Iterable[str]) -> None:
        self.requests += 1
        self.by.update(names)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(row.request_id)


class Replay:
    """Adds up row by row; `report` says what came of it."""

    def __init__(self, compiled: Compiled, snapshot: Snapshot):
        self._compiled = compiled
        self._snapshot = snapshot
        self._asks_residency = any(
            clause.signal == "residency"
            for rules in (compiled.policy.guards, compiled.policy.routes)
            for rule in rules
            for clause in rule.when
        )
        self._terms = Terms(compiled.policy)
        self._baselines = Baselines(snapshot)
        self._exposure = place_of(compiled.catalog, "exposure")
        self._requests = self._same = self._elsewhere = self._by_canary = self._not_priced = 0
        self._not_replayed: Counter[str] = Counter()
        self._denied, self._leaving, self._permitted = _Part(), _Part(), _Part()
        self._before_usd = self._moved_usd = self._stopped_usd = Decimal(0)
        self._groups = Groups()

    def add(self, row: Row) -> None:
        if row.is_measurement:
            return
        self._requests += 1
        self._before_usd += row.cost_usd
        obstacle = self._obstacle(row)
        if obstacle is not None:
            self._not_replayed[obstacle] += 1
            return
        decision = decided_again(self._compiled, row, self._snapshot)
        self._by_canary += decision.canary is not None
        if not decision.endpoints:
            self._stop(row, decision)
        elif row.outcome == "denied" and not row.attempts:
            self._permitted.add(row, [decision.endpoints[0].id])
        else:
            self._compare(row, decision.endpoints[0])

    def _obstacle(self, row: Row) -> str | None:
        """Why the row cannot be decided again; None if it can."""
        if not row.signals:
            return "no signals were recorded"
        if self._asks_residency and "residency" not in row.signals and row.team not in self._compiled.keyring.teams:
            return f"team `{row.team}` is not in callers.yaml"
        if missing := sorted(self._compiled.policy.needs.intersection(personal_signals()) - row.signals.keys()):
            return f"forgotten: {', '.join(missing)}"
        try:
            resolve_model(self._compiled.policy, str(row.signals.get("model", "auto")))
        except GatewayError:
            return f"model `{row.signals.get('model')}` is not known"
        return None

    def _stop(self, row: Row, decision: Decision) -> None:
        if row.outcome == "denied":
            self._same += 1
            return
        self._denied.add(row, [explanation.denied_by(decision) or "no endpoint can serve it"])
        self._stopped_usd += row.cost_usd

    def _compare(self, row: Row, chosen: Endpoint) -> None:
        reached = {country for attempt in row.attempts for country in self._exposure(attempt.endpoint)}
        beyond = [country for country in self._exposure(chosen.id) if country not in reached]
        if beyond and row.attempts:
            self._leaving.add(row, beyond)
        last = row.last
        if last is None or row.served[0].endpoint == chosen.id:
            self._same += 1  # a reroute after the first choice would happen again
            return
        self._elsewhere += 1
        answered = self._terms.answered(row)
        rival = self._compiled.catalog.endpoints.get(last.endpoint, chosen)
        credited = credit(chosen, last.tokens, at=row.priced_at(last)) if answered or row.outcome == "left" else None
        if credited is None:
            self._not_priced += 1  # no answer to price elsewhere, or no known price
            return
        usual = self._baselines.usual(chosen, rival, row.topic, row.language)
        self._groups.add((chosen.id, rival.model.id, row.topic, row.language, answered), usual, credited)
        self._moved_usd += row.cost_usd

    def report(self) -> dict[str, Any]:
        """Cost changes are those of the requests that would go elsewhere or nowhere, with a 95 % interval."""
        low, high = interval(self._groups)
        gone = float(self._moved_usd + self._stopped_usd)
        change = self._groups.credit_usd - gone
        before = float(self._before_usd)
        return {
            "policy_version": self._compiled.policy.version,
            "requests": self._requests,
            "same_endpoint": self._same,
            "other_endpoint": self._elsewhere,
            "by_canary": self._by_canary,
            "newly_denied": _told(self._denied, "guards"),
            "newly_permitted": _told(self._permitted, "endpoints"),
            "newly_leaving": _told(self._leaving, "countries"),
            "cost_before_usd": usd(self._before_usd),
            "cost_change_usd": rounded(change),
            "cost_change_interval_usd": [rounded(low - gone), rounded(high - gone)],
            "cost_change_percent": 100 * change / before if before else None,
            "not_priced": self._not_priced,
            "not_replayed": dict(self._not_replayed.most_common()),
        }


def _told(part: _Part, by: str) -> dict[str, Any]:
    return {"requests": part.requests, by: dict(part.by.most_common()), "examples": part.examples}
