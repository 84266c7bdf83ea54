"""The access log's sink: a line of JSON for each request of a caller, where somebody asked for it.

It says no more than the ledger, and nothing of the people behind a key: no key, no id of the caller's, no topic, so
that nothing of it is ever to be erased. A line may come twice after a process was killed; none is left out.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from gateway.record.journal.entry import Entry
from gateway.record.journal.reader import Batch, Positions
from gateway.record.positions import ACCESS, load, save
from gateway.settings import STDOUT

_encode = msgspec.json.Encoder().encode


class AccessLogSink:
    """One a control process. `to`: a file, which is opened anew for each batch and may be moved away; or `-`."""

    name = "access log"

    def __init__(self, state_dir: Path, to: str):
        self.kept: Positions | None = None
        self._path = state_dir / ACCESS
        self._to = to

    def open(self) -> Positions:
        """See Sink."""
        if self.kept is None:
            self.kept = load(self._path)
        return self.kept

    def take(self, batch: Batch, positions: Positions) -> None:
        """See Sink. Raises OSError."""
        lines = b"".join([_encode(line(entry)) + b"\n" for entry in batch.entries if not entry.record.beside])
        if self._to == STDOUT:
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
        else:
            with Path(self._to).open("ab", buffering=0) as file:
                file.write(lines)
        self.kept = positions
        save(self._path, positions)

    def rest(self, at: float) -> None:
        """See Sink."""

    def close(self) -> None:
        """See Sink."""


def line(entry: Entry) -> dict[str, Any]:
    """What is said of one request; what did not happen is null."""
    record, served = entry.record, entry.served_by
    place = entry.place(served) if served else None
    usage = served.tokens if served else None
    return {
        "at": datetime.fromtimestamp(record.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "request_id": record.request_id,
        "team": record.team,
        "app": record.app,
        "kind": record.kind,
        "model": record.model,
        "stream": record.stream,
        "outcome": record.outcome,
        "denied_by": record.denied_by,
        "route": record.decided.route if record.decided else None,
        "policy_version": entry.terms.version if entry.terms else None,
        "endpoint": place.endpoint if place else None,
        "weights": place.origin if place else None,
        "operator": place.operator if place else None,
        "attempts": len(record.attempts),
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "cost_usd": format(Decimal(record.cost_usd), "f"),
        "first_byte_s": served.first_byte_s if served else None,
        "total_s": record.total_s,
        "overhead_s": record.overhead_s,
    }
