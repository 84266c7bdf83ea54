"""The audit: who did what to this gateway, when, and what it was before. Rows are only added, each bound to the last.

`audit.jsonl` in the state folder, one row a line: its hash is SHA-256 over the hash of the row before it and its own
text. A row that is changed, taken out or put elsewhere breaks every hash behind it; rows cut off at the end are missed
by the heads that the log and the ledger's database hold (`Head`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import time
from typing import Any, Literal

from gateway.record import files

NAME = "audit.jsonl"  # in the state folder
LOCK = "audit.lock"
_TAIL_BYTES = 65_536
MOST_CHARS = 20_000  # of one text in `detail`
Via = Literal["command", "api", "file", "gateway"]  # how it was done; a file: of the policy folder, by who owns it
Row = dict[str, Any]  # n, chain, at, by, via, action, detail, previous, hash


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain, as somebody else keeps it."""

    chain: str
    n: int
    hash: str


def record(state_dir: Path, action: str, *, by: str, via: Via, detail: Mapping[str, object] | None = None) -> Row:
    """The row, on disk. Raises OSError: then nothing was recorded, and what it is about should not be done."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with _locked(state_dir):
        last = _last(state_dir)
        row: Row = {
            "n": last["n"] + 1 if last else 1,
            "chain": last["chain"] if last else uuid.uuid4().hex,
            "at": time(),
            "by": by,
            "via": via,
            "action": action,
            "detail": {name: _cut(value) for name, value in (detail or {}).items()},
            "previous": last["hash"] if last else "",
        }
        row["hash"] = hash_of(row)
        _append(state_dir / NAME, row)
        return row


def rows(state_dir: Path) -> Iterator[Row]:
    """Oldest first; lines that cannot be read are left out, `problems` names them. Raises OSError."""
    for _, row in _lines(state_dir / NAME):
        if row is not None:
            yield row


def head(state_dir: Path) -> Head | None:
    """None before the first row. Raises OSError."""
    last = _last(state_dir)
    return Head(last["chain"], last["n"], last["hash"]) if last else None


def problems(state_dir: Path, heads: Iterable[Head] = ()) -> list[str]:
    """What is wrong with the chain, a line each, in order; `heads`: as they were kept elsewhere. Raises OSError."""
    found: list[str] = []
    previous: Row | None = None
    hashes: dict[int, str] = {}
    chain = ""
    for number, row in _lines(state_dir / NAME):
        if row is None:
            found.append(f"line {number} cannot be read")
            continue
        found += [f"line {number}: {said}" for said in wrong(row, previous)]
        hashes[row["n"]], chain, previous = row["hash"], chain or row["chain"], row
    for kept in heads:
        if chain and kept.chain != chain:
            found.append(f"the ledger knows another chain, {kept.chain}: this file began anew")
        elif hashes.get(kept.n) != kept.hash:
            what = "is missing" if kept.n not in hashes else "is another row"
            found.append(f"row {kept.n}, whose hash the ledger holds, {what}")
    return found


def hash_of(row: Row) -> str:
    """What stands in the row's `hash`."""
    text = json.dumps({name: value for name, value in row.items() if name != "hash"}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def user() -> str:
    """The user of this machine who calls."""
    return _user(os.getuid())


def owner(folder: Path) -> str:
    """Who owns the file of a policy folder that was changed last; "unknown" if nobody can tell."""
    try:
        newest = max((path.stat() for path in folder.rglob("*.yaml")), key=lambda seen: seen.st_mtime_ns)
    except (OSError, ValueError):
        return "unknown"
    return _user(newest.st_uid)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def wrong(row: Row, previous: Row | None) -> Iterator[str]:
    """With it, as the row behind `previous`."""
    if row["hash"] != hash_of(row):
        yield f"row {row['n']} was changed: its hash does not fit its text"
    if previous is None:
        if row["n"] != 1 or row["previous"]:
            yield f"rows before row {row['n']} are missing"
        return
    if row["chain"] != previous["chain"]:
        yield f"row {row['n']} is of another chain"
    elif row["n"] != previous["n"] + 1:
        yield f"row {row['n']} follows row {previous['n']}: rows are missing or out of order"
    elif row["previous"] != previous["hash"]:
        yield f"row {row['n']} does not continue row {previous['n']}"


def _cut(value: object) -> object:
    return value[:MOST_CHARS] + "…" if isinstance(value, str) and len(value) > MOST_CHARS else value


def _lines(path: Path) -> Iterator[tuple[int, Row | None]]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, read_line(line)


def read_line(line: bytes) -> Row | None:
    """None if it is no row."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    wanted = {"n": int, "chain": str, "at": float, "by": str, "via": str, "action": str, "detail": dict}
    wanted |= {"previous": str, "hash": str}
    sound = isinstance(row, dict) and all(isinstance(row.get(name), kind) for name, kind in wanted.items())
    return row if sound else None


def newest(state_dir: Path, most: int) -> list[Row]:
    """The last rows, newest first. Read from the end: the file may be long. Raises OSError."""
    try:
        file = (state_dir / NAME).open("rb")
    except FileNotFoundError:
        return []
    with file:
        size, length = file.seek(0, os.SEEK_END), _TAIL_BYTES
        while True:
            file.seek(max(0, size - length))
            lines = file.read(length).splitlines()
            whole = lines if length >= size else lines[1:]  # the first may be a part of one
            if length >= size or len(whole) >= most + 1:
                found = list(islice((row for line in reversed(whole) if (row := read_line(line)) is not None), most))
                if length >= size or len(found) == most:
                    return found
            length *= 4


def _last(state_dir: Path) -> Row | None:
    return next(iter(newest(state_dir, 1)), None)


def _append(path: Path, row: Row) -> None:
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        files.give(file, path.parent)
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"  # a machine that lost power while it wrote
        os.write(file, (b"\n" if torn else b"") + json.dumps(row, ensure_ascii=True).encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    file = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        files.give(file, state_dir)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
