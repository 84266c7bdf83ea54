"""An Outcome as rows of the ledger: one a request, one an attempt. Runs in the writer's thread, never for a caller."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.outcome.outcome import Outcome
from gateway.policy.canary import stands
from gateway.policy.decide import Decision, View
from gateway.signals.topic import TOPICS
from gateway.signals.value import UNKNOWN

PERSONAL = ("topic", "pii")  # signals about people: kept apart, so that they can be forgotten
_KEPT = 4096  # combinations of guards
_VIEW = ("at", "draw", "frozen", "conversation", "max_tokens")
_encode = msgspec.json.Encoder(order="deterministic").encode
Row = tuple[Any, ...]  # in the order of the table's columns


def request_row(outcome: Outcome) -> Row:
    """One row of `requests`, as REQUESTS names its columns."""
    request, caller, served = outcome.request, outcome.caller, outcome.served_by
    arrival = request.arrival
    route, version, signals, personal, removed, proposed, view = _decided(outcome.decision)
    return (
        arrival.id,
        arrival.client_request_id,
        arrival.received_at,
        outcome.ended_at,
        caller.team.id,
        caller.app,
        caller.key_id,
        request.kind,
        request.model,
        request.stream,
        route,
        version,
        signals,
        personal,
        removed,
        proposed,
        view,
        outcome.result,
        outcome.denied_by,
        served.endpoint.id if served else None,
        _money(outcome.cost_usd),
        None if outcome.baseline_list_usd is None else _money(outcome.baseline_list_usd),
        outcome.baseline_permitted,
        _json(outcome.rerouted) if outcome.rerouted else "[]",
        outcome.overhead_s,
        outcome.total_s,
    )


def attempt_rows(outcome: Outcome) -> Iterator[Row]:
    """The rows of `attempts`, as ATTEMPTS names their columns, numbered from 1 in the order they were made."""
    request_id = outcome.request.arrival.id
    for number, attempt in enumerate(outcome.attempts, 1):
        usage = attempt.usage
        yield (
            request_id,
            number,
            *_place(attempt.endpoint),
            attempt.purpose,
            attempt.outcome,
            attempt.failure,
            attempt.status,
            usage.input_tokens,
            usage.cached_tokens,
            usage.cache_write_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.audio_tokens,
            usage.estimated,
            _money(attempt.cost_usd),
            attempt.price_since,
            attempt.finish_reason,
            attempt.first_byte_s,
            attempt.total_s,
            attempt.peer,
            attempt.certificate,
        )


def _decided(decision: Decision | None) -> Row:
    """route, policy_version, signals, personal_signals, removed, proposed, view"""
    if decision is None:
        return (None,) * 7
    view = decision.view
    signals, personal = _signals(decision)
    return (
        decision.route.name,
        decision.policy.version,
        signals,
        personal,
        _removed(decision),
        _ids(decision.endpoints),
        _json(_view(view) | _canary(decision)),
    )


def _view(view: View) -> dict[str, Any]:
    return dict(zip(_VIEW, (view.at, view.draw, view.frozen, view.conversation, view.max_tokens), strict=True))


def _canary(decision: Decision) -> dict[str, Any]:
    """Which trial the request was part of, and on which side; nothing if its canary could not serve it."""
    share = decision.route.canary
    if share is None or not stands(decision):
        return {}
    return {"canary": {"trial": share.name, "drawn": decision.canary is not None}}


def _signals(decision: Decision) -> tuple[str, str | None]:
    """All but the personal signals, and those if any, both as JSON; sets are sorted, topics stand in declared order."""
    written: dict[str, Any] = dict(decision.signals)
    personal = {name: written.pop(name) for name in PERSONAL if name in written}
    if not personal:
        return _json(written), None
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
def _ids(endpoints: tuple[Endpoint, ...]) -> str:
    return _json([endpoint.id for endpoint in endpoints])


@lru_cache(maxsize=1024)
def _place(endpoint: Endpoint) -> Row:
    """endpoint, model, operator, origin, exposure, hosting"""
    exposure = [*sorted(endpoint.exposure.known), *(() if endpoint.exposure.complete else ("unknown",))]
    return (
        endpoint.id,
        endpoint.model.id,
        endpoint.operator.id,
        endpoint.model.origin,
        _json(exposure),
        endpoint.hosting,
    )


def _json(value: object) -> str:
    return _encode(value).decode()


def _money(usd: Decimal) -> str:
    return format(usd, "f")
