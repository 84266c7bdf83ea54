"""Ledger rows for tests, as small as a claim allows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from gateway.catalog.prices import Usage
from gateway.outcome.row import Row, Tried

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)


def tried(
    endpoint: str = "qwen@self",
    outcome: str = "answered",
    *,
    purpose: str = "serve",
    said: int = 100,
    cost: str = "0.001",
) -> Tried:
    usage = Usage(input_tokens=900, output_tokens=said)
    return Tried(endpoint, outcome, purpose, Decimal(cost), usage, first_byte_s=0.4, total_s=0.9)


def row(outcome: str = "answered", *attempts: Tried, topic: Sequence[str] = (), key_id: str | None = None) -> Row:
    """A request whose last attempt ended like it; without one given, of a single attempt at qwen@self."""
    made = attempts or (() if outcome == "denied" else (tried(outcome=outcome),))
    signals = {
        "topic": list(topic), "language": "en", "tokens": 900, "kind": "chat", "needs": [], "pii": [],
        "data_class": "public", "model": "auto", "effort": "default", "stream": False,
    }  # fmt: skip
    return Row(
        "r", AT, outcome, team="research", app="bot", key_id=key_id, route="rest", signals=signals, attempts=made
    )
