"""The table of reports: one row adds one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.estimates import Snapshot
from gateway.outcome.observe import learned
from gateway.outcome.row import Row
from gateway.policy.compiled import Compiled
from gateway.report.adoption import adoption
from gateway.report.breakeven import breakeven
from gateway.report.focus import focus
from gateway.report.reconcile import read_invoice, reconcile
from gateway.report.refusals import refusals
from gateway.report.rules import rules
from gateway.report.savings import savings
from gateway.report.vendors import vendor_rows


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is made from."""

    rows: Iterable[Row]  # each time anew
    compiled: Compiled
    by: str = "origin"
    text: str = ""  # of the file that a report reads instead of the ledger
    has_key: Callable[[Endpoint], bool] | None = None  # whose adoption can be blocked; None: everybody's

    @property
    def learned(self) -> Snapshot:
        """From all these rows."""
        return learned(self.rows, self.compiled.policy).snapshot()


REPORTS: dict[str, Callable[[Asked], Mapping[str, Any]]] = {
    "adoption": lambda asked: adoption(asked.rows, asked.compiled.policy, asked.by),
    "savings": lambda asked: savings(asked.rows, asked.compiled.policy, asked.learned),
    "refusals": lambda asked: refusals(asked.rows, asked.compiled.policy),
    "rules": lambda asked: rules(asked.rows, asked.compiled, asked.learned, asked.has_key),
    "vendors": lambda asked: {"rows": vendor_rows(asked.compiled.catalog)},
    "breakeven": lambda asked: breakeven(asked.rows, asked.compiled.policy),
    "reconcile": lambda asked: reconcile(asked.rows, asked.compiled.policy, read_invoice(asked.text)),
    "focus": lambda asked: focus(asked.rows, asked.compiled.policy),
}
OF_FILES = frozenset({"reconcile"})
