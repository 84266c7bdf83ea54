"""`gateway explain req_…`: a recorded request, by the policy of its day."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import Any

from gateway.cli.mistakes import Mistake
from gateway.errors import LedgerUnusable, Problems
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Policy
from gateway.policy.explain.recorded import why
from gateway.processes.accepted_policy import load_version
from gateway.record.store import UNREADABLE
from gateway.report.ledger import existing
from gateway.settings import Settings

_ID = re.compile(r"req_[0-9a-f]{24}")
_TOLD = ("at", "team", "app", "key_id", "route", "policy_version", "outcome", "denied_by", "cost_usd")


def is_request(word: str) -> bool:
    """True for the `x-request-id` of one of our replies."""
    return _ID.fullmatch(word) is not None


def explained(request_id: str, settings: Settings, *, as_json: bool) -> str:
    """What the ledger says of it, and why it went where it went. Raises Mistake."""
    row = _row(request_id, settings)
    said = why(row, _policy_of(row["policy_version"], settings))
    if as_json:
        return json.dumps({**row, "why": said}, ensure_ascii=False)
    facts = [f"{name.removesuffix('_id').replace('_', ' ')} {row[name]}" for name in _TOLD if row[name] is not None]
    return "\n".join([f"request {request_id}: {', '.join(facts)}", *said])


def _policy_of(version: str | None, settings: Settings) -> Policy | None:
    """None if it is not kept here, or no longer compiles."""
    files = load_version(settings.state_dir, version) if version is not None else None
    try:
        return compile_folder(files).policy if files is not None else None
    except Problems:
        return None


def _row(request_id: str, settings: Settings) -> dict[str, Any]:
    try:
        with closing(existing(settings.database_url, settings.state_dir)) as store:
            row = store.row(request_id)
    except (LedgerUnusable, *UNREADABLE) as wrong:
        raise Mistake(f"the ledger cannot be asked: {wrong}") from None
    if row is None:
        raise Mistake(f"the ledger has no request {request_id}; a request is there a second after its end")
    return row
