"""One Outcome a request: ledger, metrics, trace, budgets and reports are written from it. It holds no prompt."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage
from gateway.frozen import frozen
from gateway.identity import Caller
from gateway.outcome.row import SERVING
from gateway.policy.decision import Decision
from gateway.request import Request

Result = Literal["answered", "declined", "evaded", "filtered", "blank", "truncated", "failed", "denied", "left"]
Looked = Literal["", "hit", "miss"]  # among the answers that are kept; "": nobody looked


@frozen
class Attempt:
    """One try at one endpoint."""

    endpoint: Endpoint
    purpose: str  # serve canary shadow judge probe
    outcome: Result
    failure: str | None  # what went wrong, one of upstreams.failures' kinds; None if nothing did
    status: int | None  # HTTP status of the upstream; None if no reply began
    usage: Usage
    cost_usd: Decimal
    price_since: str | None  # which dated price row said so
    finish_reason: str | None
    started: float  # monotonic seconds
    first_byte_s: float | None
    total_s: float
    peer: str | None = None  # resolved address of the connection
    certificate: str | None = None  # TLS certificate name
    adapted: tuple[str, ...] = ()  # what of the request was put in another form for this endpoint: names, no values


@frozen
class KeptAnswer:
    """An answer that was given again: nobody was asked, and nothing was paid."""

    endpoint: Endpoint  # that had given it
    request_id: str  # that it was made for
    age_s: float
    saved_usd: Decimal  # what it had cost


@frozen
class Outcome:
    """Everything that is recorded of a request."""

    request: Request
    caller: Caller
    decision: Decision | None  # None: it was stopped before a decision
    result: Result
    attempts: tuple[Attempt, ...]
    cost_usd: Decimal  # over its serving attempts
    baseline_list_usd: Decimal | None  # the baseline's price of the same tokens
    baseline_permitted: bool
    denied_by: (
        str | None
    )  # budget, budget:OF:ID of a place, rate, ceiling, queue, a guard's name, several; only if denied
    rerouted: tuple[tuple[str, str, str], ...]  # (from endpoint, to endpoint, reason)
    overhead_s: float  # in the gateway itself before the upstream is asked, plus after its last byte
    total_s: float
    ended_at: float  # seconds since the epoch
    passed_over: tuple[tuple[str, str], ...] = ()  # (endpoint, its ceiling or the budget that was full)
    cache: Looked = ""
    kept: KeptAnswer | None = None  # what the caller got; then there are no attempts

    @property
    def served_by(self) -> Attempt | None:
        """The last serving attempt, if any was made."""
        for attempt in reversed(self.attempts):
            if attempt.purpose in SERVING:
                return attempt
        return None
