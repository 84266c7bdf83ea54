"""Freezing and lifting, as the command line and the control API do it: one more row in the state folder."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import time

from gateway.catalog.facts import Catalog
from gateway.catalog.table import FACTS
from gateway.errors import near, nearest
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.freeze import UNREAD, Freeze, Frozen, Lift, Row, Selector, by_key, selectors, standing
from gateway.processes import accepted_policy, audit, freeze_file
from gateway.processes.policy_folder import read_folder

_log = logging.getLogger("gateway")
MOST_CHARS = 500  # of a value or a reason
NAMED_BY_CATALOGUE = frozenset({"operator", "endpoint"})  # countries and lists are known without one


class NothingSuch(Exception):
    """No operator, endpoint, country or list is called so; the text says which and the way out."""


def freeze(
    state_dir: Path,
    wanted: Iterable[tuple[Selector, str]],
    *,
    by: str,
    via: audit.Via,
    abort: bool = False,
    reason: str | None = None,
) -> list[Freeze]:
    """Holds in every worker within two seconds. Raises OSError: then it is not in force."""
    rows = [Freeze(_fresh_id(), selector, value, time(), by, abort, reason) for selector, value in wanted]
    _add(state_dir, rows)
    for row in rows:
        _audit(state_dir, "freeze", row, by, via)
    return rows


def lift(state_dir: Path, freezes: Iterable[Freeze], *, by: str, via: audit.Via) -> None:
    """Raises OSError: then they are in force still."""
    stopped = list(freezes)
    _add(state_dir, [Lift(row.id, time(), by) for row in stopped])
    for row in stopped:
        _audit(state_dir, "lift", row, by, via)


def in_force(state_dir: Path) -> tuple[list[Freeze], str | None]:
    """Oldest first, and why others may be in force too. Raises OSError."""
    content = freeze_file.read(state_dir)
    return standing(content.rows), damage(state_dir, content)


def stopped_here(state_dir: Path) -> Frozen:
    """As a gateway that starts on this state folder would take it."""
    try:
        rows, problem = in_force(state_dir)
    except OSError:
        return (UNREAD,)
    return (UNREAD, *selectors(rows)) if problem else selectors(rows)


def damage(state_dir: Path, content: freeze_file.Content) -> str | None:
    """What in the file cannot be read."""
    if not content.damaged:
        return None
    place = f"{state_dir / freeze_file.NAME}:{content.damaged[0][0]}"
    return f"{place} cannot be read, and may be a freeze; mend the line, or take it out"


def known_catalogs(state_dir: Path, folder: Path) -> tuple[list[Catalog], str | None]:
    """That of the policy that serves and that of the folder; why there may be names besides. Never raises."""
    catalogs: list[Catalog] = []
    unsure = None
    for read, where, what in ((_accepted, state_dir, "the accepted policy"), (_folder, folder, str(folder))):
        try:
            files = read(where)
            catalogs += [compile_folder(files).catalog] if files is not None else []
        except Exception as wrong:  # noqa: BLE001 - whatever stands in a file: freezing does not wait for its mending
            unsure = f"{what} cannot be read ({type(wrong).__name__})"
    return catalogs, unsure or (None if catalogs else "no policy is here to look names up in")


def _accepted(state_dir: Path) -> Mapping[str, bytes] | None:
    kept = accepted_policy.load(state_dir)
    return kept[1] if kept is not None else None


def _folder(folder: Path) -> Mapping[str, bytes] | None:
    return read_folder(folder) if folder.is_dir() else None


def check_known(selector: Selector, value: str, catalogs: Iterable[Catalog]) -> None:
    """Raises NothingSuch. An empty `catalogs` knows countries and lists alone, and lets every other name through."""
    words = FACTS["lists" if selector == "list" else selector].words
    assert words is not None
    known = {word for catalog in (*catalogs, Catalog({}, {}, {}, {})) for word in words(catalog)}
    if not known or value in known:
        return
    guess = next((word for word in known if word.lower() == value.lower()), near(value, known))
    way_out = f"did you mean `{guess}`?" if guess is not None else nearest(value, known)
    raise NothingSuch(f"no {selector} is called `{value[:100]}`; {way_out}")


def _add(state_dir: Path, rows: list[Row] | list[Freeze] | list[Lift]) -> None:
    """The one place through which an administrator's freezes and lifts go."""
    freeze_file.add(state_dir, by_key(rows))


def _audit(state_dir: Path, action: str, row: Freeze, by: str, via: audit.Via) -> None:
    """After it is in force: what must stop waits for no record."""
    try:
        audit.record(state_dir, action, by=by, via=via, detail=dict(plain(row)))
    except OSError as wrong:
        _log.error("the audit cannot be written (%s): %s of %s stands in no row", wrong.strerror, action, row.id)


def _fresh_id() -> str:
    return f"f-{int(time()):x}-{secrets.token_hex(4)}"


def plain(row: Freeze) -> Mapping[str, object]:
    """What `gateway freeze --json` and the API say of a freeze."""
    return {
        "id": row.id,
        "selector": row.selector,
        "value": row.value,
        "since": row.at,
        "by": row.by,
        "abort": row.abort,
        "reason": row.reason,
    }
