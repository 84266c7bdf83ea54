"""Keys that a command or the API issued: rows beside callers.yaml, by the hash of the key, that any two gateways merge.

Every field goes one way only: an end comes nearer and never farther, an erased row stays erased. Whoever reads rows in
whatever order and however often therefore knows the same in the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from typing import Final, Literal, TypeAlias, get_args

from gateway.errors import GatewayError
from gateway.identity.callers import Caller, Keyring

End = Literal["erased", "revoked", "rotated", "expired"]
_FIELDS = ("sha256", "id", "team", "app", "made_at", "made_by", "ends_at", "end")
_LATEST = 253_402_300_800  # seconds since the epoch: the year 10000, which no day is in that a key may end on


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """What is known of one key. A row without a team only ends a key of callers.yaml, or was erased."""

    sha256: str
    id: str | None = None  # None: erased
    team: str | None = None
    app: str | None = None
    made_at: float = 0.0
    made_by: str | None = None
    ends_at: float | None = None  # seconds since the epoch; None: it does not end
    end: End | None = None  # why it ends

    def ended(self, at: float) -> bool:
        """True if it works no more."""
        return self.ends_at is not None and at >= self.ends_at


Rows: TypeAlias = Mapping[str, IssuedKey]  # by hash


@dataclass(frozen=True, slots=True)
class Issued:
    """What a worker holds against a key. With a `problem` no issued key is let in: its end may be what is not known."""

    rows: Rows = field(default_factory=dict)
    problem: str | None = None


NOTHING_ISSUED: Final = Issued()


def issued_caller(hashed: str, keyring: Keyring, issued: Issued, at: float) -> Caller | None:
    """The owner of an issued key; None: no such key. Raises GatewayError if it ended, or nobody can say."""
    row = issued.rows.get(hashed)
    if row is not None and row.ends_at is not None and row.ended(at):
        raise GatewayError("invalid_api_key", f"this API key {_told(row)}")
    if hashed in keyring.callers:
        return None
    if issued.problem is not None:
        said = "keys that were issued cannot be told from others now, so none of them is let in"
        raise GatewayError("overloaded", f"{said}; the gateway's log says why", retry_after_s=5)
    if row is None or row.team is None or row.id is None:
        return None
    team = keyring.teams.get(row.team)
    if team is None:
        raise GatewayError("invalid_api_key", f"this API key is of team `{row.team}`, which callers.yaml does not know")
    return Caller(row.id, team, row.app, None)


def _told(row: IssuedKey) -> str:
    if row.end == "expired" and row.ends_at is not None:
        return f"expired on {datetime.fromtimestamp(row.ends_at, UTC).date()}"
    return "was replaced by another, and its time is over" if row.end == "rotated" else "was revoked"


def merged(rows: Rows, others: Rows) -> dict[str, IssuedKey]:
    """What both know together."""
    return dict(rows) | {
        hashed: _together(rows[hashed], row) if hashed in rows else row for hashed, row in others.items()
    }


def by_hash(rows: Iterable[IssuedKey]) -> dict[str, IssuedKey]:
    """Several rows of one key are one."""
    found: dict[str, IssuedKey] = {}
    for row in rows:
        found = merged(found, {row.sha256: row}) if row.sha256 in found else found | {row.sha256: row}
    return found


def ending(row: IssuedKey, at: float, end: End) -> IssuedKey:
    """The same key, over at that time unless it is before."""
    return _together(row, IssuedKey(row.sha256, ends_at=at, end=end))


def end_alone(row: IssuedKey) -> IssuedKey:
    """That the key ends then, and nothing that would let it in until then."""
    return IssuedKey(row.sha256, ends_at=row.ends_at, end=row.end)


def erased(row: IssuedKey) -> IssuedKey:
    """What is left when nobody may know any more whose it was."""
    return IssuedKey(row.sha256, ends_at=0.0, end="erased")


def written(row: IssuedKey) -> bytes:
    """A line, without its end."""
    return json.dumps({name: getattr(row, name) for name in _FIELDS if getattr(row, name) is not None}).encode()


def parsed(line: bytes | str) -> IssuedKey | None:
    """None for what is no row."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not said.keys() <= set(_FIELDS) or not _is_sound(said):
        return None
    return IssuedKey(**said)


def _is_sound(said: Mapping[str, object]) -> bool:
    texts = all(isinstance(said.get(name), str | None) for name in ("id", "team", "app", "made_by"))
    times = all(_is_time(said.get(name, 0.0)) for name in ("made_at", "ends_at"))
    hashed = said.get("sha256")
    named = isinstance(hashed, str) and re.fullmatch("[0-9a-f]{64}", hashed) is not None
    ends = said.get("end") in (None, *get_args(End)) and ("end" in said) == ("ends_at" in said)
    whole = ("team" in said and "id" in said) or "ends_at" in said
    return texts and times and named and ends and whole


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LATEST


def _together(row: IssuedKey, other: IssuedKey) -> IssuedKey:
    first = min(row, other, key=_rank)
    if first.end == "erased":
        return erased(first)
    told = max(row, other, key=_detail)
    return replace(told, ends_at=first.ends_at, end=first.end)


def _rank(row: IssuedKey) -> tuple[bool, float, str]:
    """An erased row first, then what ends first."""
    return row.end != "erased", inf if row.ends_at is None else row.ends_at, row.end or ""


def _detail(row: IssuedKey) -> tuple[bool, str]:
    """What says whose key it is before what does not; between two that differ, whichever, but always the same."""
    return row.team is not None, written(replace(row, ends_at=None, end=None)).decode()
