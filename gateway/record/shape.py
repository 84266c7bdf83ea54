"""A ledger row as others read it: the JSON of `--ledger FILE.jsonl`, with what else we know beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from gateway.catalog.prices import Usage
from gateway.outcome.row import Row, Tried
from gateway.record.columns import ATTEMPTS, REQUESTS, USAGE

Json = dict[str, Any]
_read_object = msgspec.json.Decoder(dict[str, Any]).decode
_read_list = msgspec.json.Decoder(list[Any]).decode
_REQUEST = tuple([(column.name, column.type) for column in REQUESTS if column.shown])
_ATTEMPT = tuple([(column.name, column.type) for column in ATTEMPTS if column.shown])


def shaped(request: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]]) -> Json:
    """One request and its attempts; both as columns of their tables."""
    signals = {"kind": request["kind"], "stream": bool(request["stream"]), "model": request["model"]}
    return {name: _SHOWN[type](request[name]) for name, type in _REQUEST} | {
        "signals": signals | _object(request["signals"]) | _object(request["personal_signals"]),
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def row_of(request: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]]) -> Row:
    """What `read_row` makes of the JSON, without the way through it: a third of the time."""
    signals = {"kind": request["kind"], "stream": bool(request["stream"]), "model": request["model"]}
    return Row(
        request_id=request["request_id"],
        at=_moment(request["at"]),
        outcome=request["outcome"],
        team=request["team"],
        app=request["app"],
        key_id=request["key_id"],
        route=request["route"],
        policy_version=request["policy_version"],
        signals=signals | _object(request["signals"]) | _object(request["personal_signals"]),
        removed=_object(request["removed"]),
        attempts=tuple([_tried(attempt) for attempt in attempts]),
        denied_by=request["denied_by"],
        ended_at=_moment(request["ended_at"]),
        view=_object(request["view"]),
        baseline_list_usd=_decimal(request["baseline_list_usd"]),
        baseline_permitted=bool(request["baseline_permitted"]),
        baseline_effective_usd=request["baseline_effective_usd"],
        baseline_effective_errors_usd=_list(request["baseline_effective_errors_usd"]),
        rules_usd=_object(request["rules_usd"]),
        cache=request["cache"],
        cache_saved_usd=_decimal(request["cache_saved_usd"]),
    )


def _tried(row: Mapping[str, Any]) -> Tried:
    usage = Usage(
        row["input_tokens"],
        row["cached_tokens"],
        row["cache_write_tokens"],
        row["output_tokens"],
        row["reasoning_tokens"],
        row["audio_tokens"],
        bool(row["estimated"]),
        **_object(row["pieces"]),
    )
    cost, first, total = _decimal(row["cost_usd"]), row["first_byte_s"], row["total_s"]
    return Tried(row["endpoint"], row["outcome"], row["purpose"], cost, usage, first, total)


def _attempt(row: Mapping[str, Any]) -> Json:
    usage = {name: row[name] for name in USAGE} | {"estimated": bool(row["estimated"])} | _object(row["pieces"])
    return {name: _SHOWN[type](row[name]) for name, type in _ATTEMPT} | {"usage": usage}


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _decimal(column: Decimal | str | None) -> Decimal | None:
    return None if column is None else Decimal(column)


def _iso(at: float) -> str:
    return _moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _object(column: str | None) -> Json:
    return _read_object(column) if column and column != "{}" else {}


def _list(column: str | None) -> list[Any]:
    return _read_list(column) if column and column != "[]" else []


def _usd(column: Decimal | str | None) -> str | None:
    return None if column is None else format(Decimal(column), "f")


def _as_it_is(column: Any) -> Any:
    return column


_SHOWN: Mapping[str, Callable[[Any], Any]] = {
    "text": _as_it_is, "integer": _as_it_is, "real": _as_it_is, "moment": _iso, "money": _usd, "flag": bool,
    "object": _object, "list": _list,
}  # fmt: skip
