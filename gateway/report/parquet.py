"""The ledger as two Parquet tables, `requests` and `attempts`: flat, exact, and never half a file.

pyarrow is imported only here and only when asked for: most users do without its 170 MiB.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.outcome.row import SERVING
from gateway.record.columns import USAGE
from gateway.record.shape import Json

TABLES = ("requests", "attempts")
_ROWS = 10_000  # requests of one row group
_DIGITS, _DECIMALS = 38, 24  # of money: the most that readers know, and more decimals than any price makes
_UNIT = Decimal(1).scaleb(-_DECIMALS)
_EXACT = Context(prec=_DIGITS, traps=[Inexact, InvalidOperation])
_NESTED = ("signals", "removed", "proposed", "view", "rerouted", "passed_over", "rules_usd")  # written as JSON
_SIGNALS = ("data_class", "language", "effort", "tokens", "topic", "pii")  # that have a column of their own
_LISTS = frozenset({"topic", "pii", "exposure", "adapted"})
_NUMBERS = frozenset({"baseline_effective_errors_usd"})
_MONEY = frozenset({"cost_usd", "baseline_list_usd", "cache_saved_usd"})
_TIMES = frozenset({"received_at", "ended_at"})
_COUNTS = frozenset({"number", "status", "tokens", *USAGE})
_FLAGS = frozenset({"stream", "baseline_permitted", "estimated"})
_REALS = frozenset({"overhead_s", "total_s", "first_byte_s", "baseline_effective_usd"})
_REQUEST = (
    "request_id", "client_request_id", "received_at", "ended_at", "team", "app", "key_id", "kind", "model", "stream",
    "route", "policy_version", *_SIGNALS, "outcome", "denied_by", "served_by", "cost_usd", "baseline_list_usd",
    "baseline_permitted", "baseline_effective_usd", "baseline_effective_errors_usd", "cache",
    "cache_saved_usd", "overhead_s", "total_s", *_NESTED,
)  # fmt: skip
_ATTEMPT = (
    "request_id", "number", "received_at", "endpoint", "model", "operator", "origin", "exposure", "hosting", "purpose",
    "outcome", "failure", "status", *USAGE, "estimated", "cost_usd", "price_since", "finish_reason", "first_byte_s",
    "total_s", "peer", "certificate", "adapted",
)  # fmt: skip


class NotWritable(Exception):
    """The tables cannot be written; the text says why and the way out."""


def write(rows: Iterable[Json], folder: Path) -> dict[str, int]:
    """Writes or replaces `requests.parquet` and `attempts.parquet`; how many rows each has. Raises NotWritable."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise NotWritable(
            "Parquet needs pyarrow, which is not here; `make parquet` installs it, and --output rows.jsonl does without"
        ) from None
    schemas = {"requests": _schema(pyarrow, _REQUEST), "attempts": _schema(pyarrow, _ATTEMPT)}
    fresh = {name: folder / f".{name}.parquet.{os.getpid()}" for name in TABLES}
    counts = dict.fromkeys(TABLES, 0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as open_files:
            writers = {
                name: open_files.enter_context(
                    pyarrow.parquet.ParquetWriter(fresh[name], schemas[name], compression="zstd")
                )
                for name in TABLES
            }
            for batch in _batches(rows):
                for name, lines in _tables(batch).items():
                    writers[name].write_table(pyarrow.Table.from_pylist(lines, schemas[name]))
                    counts[name] += len(lines)
        for name in TABLES:
            os.replace(fresh[name], folder / f"{name}.parquet")
    except OSError as wrong:
        raise NotWritable(f"{folder} cannot be written: {wrong.strerror or wrong}") from None
    finally:
        for path in fresh.values():
            path.unlink(missing_ok=True)
    return counts


def _schema(pyarrow: Any, names: tuple[str, ...]) -> Any:
    kinds = (
        (_LISTS, pyarrow.list_(pyarrow.string())),
        (_MONEY, pyarrow.decimal128(_DIGITS, _DECIMALS)),
        (_TIMES, pyarrow.timestamp("us", tz="UTC")),
        (_COUNTS, pyarrow.int64()),
        (_FLAGS, pyarrow.bool_()),
        (_REALS, pyarrow.float64()),
        (_NUMBERS, pyarrow.list_(pyarrow.float64())),
    )
    return pyarrow.schema(
        [(name, next((kind for among, kind in kinds if name in among), pyarrow.string())) for name in names]
    )


def _batches(rows: Iterable[Json]) -> Iterator[list[Json]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _ROWS)):
        yield batch


def _tables(batch: list[Json]) -> dict[str, list[Json]]:
    return {
        "requests": [_request(row) for row in batch],
        "attempts": [
            _attempt(row, number, attempt) for row in batch for number, attempt in enumerate(row["attempts"], 1)
        ],
    }


def _request(row: Json) -> Json:
    signals = row["signals"]
    served = [attempt["endpoint"] for attempt in row["attempts"] if attempt["purpose"] in SERVING]
    told = {name: signals.get(name) for name in ("kind", "model", "stream", *_SIGNALS)}
    nested = {name: json.dumps(row[name], ensure_ascii=False, separators=(",", ":")) for name in _NESTED}
    return _typed(
        row | told | nested | {"received_at": row["at"], "served_by": served[-1] if served else None}, _REQUEST
    )


def _attempt(row: Json, number: int, attempt: Json) -> Json:
    own = {"request_id": row["request_id"], "number": number, "received_at": row["at"]}
    return _typed(attempt | attempt["usage"] | own, _ATTEMPT)


def _typed(line: Json, names: tuple[str, ...]) -> Json:
    return {name: _value(name, line[name]) for name in names}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _MONEY:
        return _exact(value)
    if name in _TIMES:
        return datetime.fromisoformat(value)
    if name in _LISTS and not isinstance(value, list):
        return None  # a signal that is unknown
    return None if name in _COUNTS and not isinstance(value, int) else value


def _exact(written: str) -> Decimal:
    """Raises NotWritable rather than round."""
    try:
        return Decimal(written).quantize(_UNIT, context=_EXACT)
    except DecimalException:
        raise NotWritable(
            f"{written} USD has more than {_DECIMALS} decimals; --output rows.jsonl keeps them all"
        ) from None
