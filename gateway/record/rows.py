"""An Outcome as rows of the ledger: one a request, one an attempt. Runs in the writer's thread, never for a caller."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from gateway.outcome.outcome import Attempt, Outcome
from gateway.policy.decide import Decision
from gateway.signals.topic import TOPICS
from gateway.signals.value import UNKNOWN

_DECISION = ("route", "policy_version", "signals", "personal_signals", "removed", "proposed", "view")
PERSONAL = ("topic", "pii")  # signals about people: kept apart, so that they can be forgotten
_KEPT = 4096  # combinations of guards
_encoder = msgspec.json.Encoder(order="deterministic")
Row = dict[str, Any]


def request_row(outcome: Outcome) -> Row:
    """One row of `requests`; its keys are the table's columns."""
    request, caller, decision = outcome.request, outcome.caller, outcome.decision
    arrival, served = request.arrival, outcome.served_by
    return {
        "request_id": request.id,
        "client_request_id": arrival.client_request_id,
        "at": arrival.received_at,
        "ended_at": outcome.ended_at,
        "team": caller.team.id,
        "app": caller.app,
        "key_id": caller.key_id,
        "kind": request.kind,
        "model": request.model,
        "stream": request.stream,
        "outcome": outcome.result,
        "denied_by": outcome.denied_by,
        "served_by": served.endpoint.id if served else None,
        "cost_usd": _money(outcome.cost_usd),
        "baseline_list_usd": _money(outcome.baseline_list_usd),
        "baseline_permitted": outcome.baseline_permitted,
        "rerouted": _json(outcome.rerouted),
        "overhead_s": outcome.overhead_s,
        "total_s": outcome.total_s,
        **_decision_columns(decision),
    }


def attempt_rows(outcome: Outcome) -> list[Row]:
    """The rows of `attempts`, numbered from 1 in the order they were made."""
    return [_attempt_row(outcome.request.id, n, attempt) for n, attempt in enumerate(outcome.attempts, 1)]


def _decision_columns(decision: Decision | None) -> Row:
    if decision is None:
        return dict.fromkeys(_DECISION)
    view = decision.view
    signals, personal = _signals(decision)
    return {
        "route": decision.route.name,
        "policy_version": decision.policy.version,
        "signals": signals,
        "personal_signals": personal,
        "removed": _removed(decision),
        "proposed": _json([endpoint.id for endpoint in decision.endpoints]),
        "view": _json(
            {
                "at": view.at,
                "draw": view.draw,
                "frozen": view.frozen,
                "conversation": view.conversation,
                "max_tokens": view.max_tokens,
            }
        ),
    }


def _attempt_row(request_id: str, number: int, attempt: Attempt) -> Row:
    endpoint, usage = attempt.endpoint, attempt.usage
    return {
        "request_id": request_id,
        "number": number,
        "endpoint": endpoint.id,
        "model": endpoint.model.id,
        "operator": endpoint.operator.id,
        "origin": endpoint.model.origin,
        "exposure": _countries(endpoint.exposure.known, endpoint.exposure.complete),
        "hosting": endpoint.hosting,
        "purpose": attempt.purpose,
        "outcome": attempt.outcome,
        "failure": attempt.failure,
        "status": attempt.status,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "audio_tokens": usage.audio_tokens,
        "estimated": usage.estimated,
        "cost_usd": _money(attempt.cost_usd),
        "price_since": attempt.price_since,
        "finish_reason": attempt.finish_reason,
        "first_byte_s": attempt.first_byte_s,
        "total_s": attempt.total_s,
        "peer": attempt.peer,
        "certificate": attempt.certificate,
    }


def _signals(decision: Decision) -> tuple[str, str]:
    """All but the personal signals, and those, both as JSON; sets are sorted, topics stand in declared order."""
    written: Row = dict(decision.signals)
    personal = {name: written.pop(name) for name in PERSONAL if name in written}
    if isinstance(topics := personal.get("topic"), frozenset):
        personal["topic"] = [topic for topic in TOPICS if topic in topics]
    if decision.policy.coarse:
        personal = {name: value if value is UNKNOWN else ["any"] if value else [] for name, value in personal.items()}
    return _json(written), _json(personal)


_kept: dict[tuple[str, tuple[int, ...], tuple[tuple[str, str], ...]], str] = {}


def _removed(decision: Decision) -> str:
    """JSON of what the guards removed; the same guards and freezes of the same policy remove the same endpoints."""
    key = (decision.policy.version, decision.removed_by, decision.view.frozen)
    if key not in _kept:
        if len(_kept) >= _KEPT:
            _kept.clear()
        _kept[key] = _json(decision.removed)
    return _kept[key]


@lru_cache(maxsize=1024)
def _countries(known: frozenset[str], complete: bool) -> str:
    return _json([*sorted(known), *(() if complete else ("unknown",))])


def _json(value: object) -> str:
    return _encoder.encode(value).decode()


def _money(usd: Decimal | None) -> str | None:
    return None if usd is None else format(usd, "f")
