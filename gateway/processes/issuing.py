"""Issuing keys and ending them, as the command line and the control API do it; every step is a row of the audit.

What makes a key is recorded first, and does not happen if it cannot be. What ends one happens first.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from math import inf
from pathlib import Path
from time import time
from typing import Literal

from gateway.errors import nearest
from gateway.identity import Caller, Keyring
from gateway.identity.callers import digest
from gateway.identity.issued import End, IssuedKey, ending, erased
from gateway.processes import audit, key_file
from gateway.processes.cache_emptying import empty_caches

DAY_S = 86_400
MOST_CHARS = 100  # of a name
State = Literal["active", "ending", "expired", "revoked", "replaced"]
_log = logging.getLogger("gateway")


class NoSuchKey(Exception):
    """No key, or no team, is called so; the text says which and the way out."""


class KeyNotPossible(Exception):
    """A key that cannot be made; the text says why and the way out."""


@dataclass(frozen=True, slots=True)
class KeyKnown:
    """One key as lists show it."""

    id: str
    team: str
    app: str | None
    kept: Literal["callers.yaml", "issued"]
    state: State
    made_at: float | None  # None: a key of callers.yaml
    made_by: str | None
    ends_at: float | None  # seconds since the epoch
    end: End | None  # why it ends
    sha256: str


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, and how."""

    by: str
    via: audit.Via
    teams: frozenset[str] | None = None  # whose keys alone; None: of all

    def sees(self, team: str) -> bool:
        """True if keys of this team are theirs to change."""
        return self.teams is None or team in self.teams


@dataclass(frozen=True, slots=True)
class KeyMade:
    """A fresh key; its text is kept nowhere."""

    row: IssuedKey
    key: str


def fresh_key() -> str:
    """256 bits of chance."""
    return f"gw-{secrets.token_urlsafe(32)}"


def fresh_name(team: str) -> str:
    """Of a key that nobody gave one."""
    return f"{team}-{secrets.token_hex(3)}"


def end_of(day: date) -> float:
    """When a key ends that expires on this day, which begins at midnight UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def keys(state_dir: Path, keyring: Keyring | None, at: float) -> tuple[list[KeyKnown], str | None]:
    """Of callers.yaml and issued ones, by name; why there may be others. Raises OSError."""
    content = key_file.read(state_dir)
    return _known(content, keyring, at), content.problem(state_dir)


def issue(
    state_dir: Path,
    keyring: Keyring,
    who: Who,
    *,
    team: str,
    name: str | None = None,
    app: str | None = None,
    expires: date | None = None,
) -> KeyMade:
    """A key that every worker lets in within two seconds.

    Raises NoSuchKey, KeyNotPossible, OSError: then nothing was made.
    """
    teams = [each for each in keyring.teams if who.sees(each)]
    if team not in teams:
        raise NoSuchKey(f"no team is called `{team[:MOST_CHARS]}`; {nearest(team, teams)}")
    at, ends_at = time(), None if expires is None else end_of(expires)
    id, key = name or fresh_name(team), fresh_key()
    _check_words(id, app, at, ends_at)

    def add(content: key_file.Content) -> dict[str, IssuedKey]:
        _check_whole(state_dir, content)
        if id in _names(content, keyring):
            raise KeyNotPossible(f"there is a key called `{id}` already; choose another name, or revoke it first")
        told = {"id": id, "team": team, "app": app, "expires": None if expires is None else str(expires)}
        audit.record(state_dir, "key_made", by=who.by, via=who.via, detail=told)
        return {row.sha256: row}

    end: End | None = None if ends_at is None else "expired"
    row = IssuedKey(digest(key), id, team, app, at, who.by, ends_at, end)
    key_file.change(state_dir, add)
    return KeyMade(row, key)


def rotate(state_dir: Path, keyring: Keyring, who: Who, *, id: str, overlap_s: float) -> tuple[KeyMade, float]:
    """A key that takes the place of another, and when that one ends. Raises as `issue` does."""
    at, key = time(), fresh_key()
    made: list[tuple[IssuedKey, float]] = []

    def add(content: key_file.Content) -> dict[str, IssuedKey]:
        _check_whole(state_dir, content)
        known = [each for each in _known(content, keyring, at) if who.sees(each.team)]
        old = next((each for each in known if each.id == id and each.state in ("active", "ending")), None)
        if old is None:
            raise _no_key(id, [each.id for each in known if each.state in ("active", "ending")])
        name = _next_name(id, _names(content, keyring))
        row = IssuedKey(digest(key), name, old.team, old.app, at, who.by)
        ends_at = min(at + overlap_s, inf if old.ends_at is None else old.ends_at)
        told = {"id": id, "team": old.team, "ends": written_at(ends_at), "new": name}
        audit.record(state_dir, "key_rotated", by=who.by, via=who.via, detail=told)
        made.append((row, ends_at))
        ended = ending(content.rows.get(old.sha256, IssuedKey(old.sha256, id)), ends_at, "rotated")
        return {row.sha256: row, ended.sha256: ended}

    key_file.change(state_dir, add)
    [(fresh, ends_at)] = made
    return KeyMade(fresh, key), ends_at


def revoke(state_dir: Path, keyring: Keyring | None, who: Who, *, id: str) -> list[KeyKnown]:
    """What was ended: every key of that name, at once. Raises NoSuchKey, OSError: then it is in force still."""
    at = time()
    ended: list[KeyKnown] = []

    def add(content: key_file.Content) -> dict[str, IssuedKey]:
        known = [each for each in _known(content, keyring, at) if who.sees(each.team)]
        ended.extend(each for each in known if each.id == id)
        if not ended:
            raise _no_key(id, [each.id for each in known])
        rows = [content.rows.get(each.sha256, IssuedKey(each.sha256, id)) for each in ended]
        return {row.sha256: ending(row, at, "revoked") for row in rows}

    key_file.change(state_dir, add)
    _audit_after(state_dir, "key_revoked", who, {"id": id, "team": ended[0].team})
    return ended


def erase(state_dir: Path, keyring: Keyring | None, who: Who, *, id: str) -> int:
    """Of how many issued keys the name was taken out, which thereby work no more; 0: it is known from records alone.

    Kept answers are forgotten: some may be answers to it.
    Raises OSError, and NoSuchKey where `who` may not erase what is no key of their teams.
    """
    count = 0

    def add(content: key_file.Content) -> dict[str, IssuedKey]:
        nonlocal count
        rows = [row for row in content.rows.values() if row.id == id and who.sees(row.team or "")]
        count = len(rows)
        theirs = [each.id for each in _known(content, keyring, time()) if who.sees(each.team)]
        if who.teams is not None and id not in theirs:
            raise _no_key(id, theirs)
        audit.record(state_dir, "key_erased", by=who.by, via=who.via, detail={"id": id})
        return {row.sha256: erased(row) for row in rows}

    key_file.change(state_dir, add)
    empty_caches(state_dir)
    return count


def plain(key: KeyKnown, last_used: float | None) -> dict[str, object]:
    """What `gateway keys list --json` and the API say of a key."""
    day = str(datetime.fromtimestamp(key.ends_at, UTC).date()) if key.ends_at and key.end == "expired" else None
    told: dict[str, object] = {"id": key.id, "team": key.team, "app": key.app, "kept": key.kept, "state": key.state}
    told |= {"made": _or_none(key.made_at), "made_by": key.made_by, "expires": day, "ends": _or_none(key.ends_at)}
    return told | {"last_used": _or_none(last_used)}


def _or_none(at: float | None) -> str | None:
    return None if at is None else written_at(at)


def _known(content: key_file.Content, keyring: Keyring | None, at: float) -> list[KeyKnown]:
    callers = keyring.callers if keyring is not None else {}
    of_file = [_of_file(hashed, caller, content.rows.get(hashed), at) for hashed, caller in callers.items()]
    issued = [_of_row(row, at) for row in content.rows.values() if row.team is not None and row.sha256 not in callers]
    return sorted(of_file + issued, key=lambda each: (each.id, each.sha256))


def _of_file(hashed: str, caller: Caller, row: IssuedKey | None, at: float) -> KeyKnown:
    known = row or IssuedKey(hashed)
    if caller.expires is not None:
        known = ending(known, end_of(caller.expires), "expired")
    whose = replace(known, id=caller.key_id, team=caller.team.id, app=caller.app)
    return replace(_of_row(whose, at), kept="callers.yaml", made_at=None, made_by=None)


def _of_row(row: IssuedKey, at: float) -> KeyKnown:
    return KeyKnown(
        id=row.id or "",
        team=row.team or "",
        app=row.app,
        kept="issued",
        state=_state(row, at),
        made_at=row.made_at,
        made_by=row.made_by,
        ends_at=row.ends_at,
        end=row.end,
        sha256=row.sha256,
    )


def _state(row: IssuedKey, at: float) -> State:
    if not row.ended(at):
        return "active" if row.ends_at is None or row.end == "expired" else "ending"
    return {"expired": "expired", "rotated": "replaced"}.get(row.end or "", "revoked")  # type: ignore[return-value]


def _names(content: key_file.Content, keyring: Keyring) -> set[str]:
    issued = {row.id for row in content.rows.values() if row.id is not None}
    return issued | {caller.key_id for caller in keyring.callers.values()}


def _check_words(id: str, app: str | None, at: float, ends_at: float | None) -> None:
    for what, text in (("name", id), ("app", app or "-")):
        if not text or len(text) > MOST_CHARS or not text.isprintable():
            raise KeyNotPossible(f"the {what} of a key has 1 to {MOST_CHARS} characters that can be printed")
    if ends_at is not None and ends_at <= at:
        today = datetime.fromtimestamp(at, UTC).date()
        raise KeyNotPossible(f"the day is not to come (today is {today}, UTC): such a key would never work")


def _check_whole(state_dir: Path, content: key_file.Content) -> None:
    problem = content.problem(state_dir)
    if problem is not None:
        raise KeyNotPossible(f"{problem}; until then no issued key is let in, and none is made")


def _no_key(id: str, known: Iterable[str]) -> NoSuchKey:
    names = list(known)
    way_out = nearest(id, names) if names else "there is none"
    return NoSuchKey(f"no key is called `{id[:MOST_CHARS]}`; {way_out}")


def _next_name(id: str, taken: set[str]) -> str:
    """bot, bot.2, bot.3 …"""
    stem, _, number = id.rpartition(".")
    stem, number = (stem, number) if stem and number.isdecimal() else (id, "1")
    return next(name for count in range(int(number) + 1, 10**9) if (name := f"{stem}.{count}") not in taken)


def written_at(at: float) -> str:
    """To the second, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _audit_after(state_dir: Path, action: str, who: Who, detail: Mapping[str, object]) -> None:
    """After it is in force: what must stop waits for no record."""
    try:
        audit.record(state_dir, action, by=who.by, via=who.via, detail=detail)
    except OSError as wrong:
        _log.error("the audit cannot be written (%s): %s of %s stands in no row", wrong.strerror, action, detail["id"])
