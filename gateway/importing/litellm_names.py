"""Values of LiteLLM's options: numbers that are ones, names and addresses looked up in the environment."""

from __future__ import annotations

import re

from gateway.importing.draft import Draft
from gateway.importing.keys import REFERENCE
from gateway.source.peer import Path

_PLAIN_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,80}")
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)S?(_\d+)?$", re.I)


def number(value: object) -> float | None:
    """A number that is one, also as text; None otherwise."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if abs(found) < 1e15 else None


def resolved(draft: Draft, path: Path, value: object) -> str | None:
    """A name or an address, looked up if it is `os.environ/X`; None if that is not set, which is told."""
    text = str(value)
    if not text.startswith(REFERENCE):
        return text
    variable = text[len(REFERENCE) :]
    if not _PLAIN_VARIABLE.fullmatch(variable) or _SECRET.search(variable):
        draft.findings.tell("error", path, "names a variable that is none, or one for secrets (not shown): left out")
        return None
    found = draft.said.variable(variable)
    if not found:
        words = (
            f"`{variable}` is not set here: left out; set it as where LiteLLM runs (names and addresses only, no keys)"
        )
        draft.findings.tell("error", path, words)
        return None
    draft.findings.carried(path)
    return found


def plain(value: float) -> int | float:
    """Whole where it is."""
    return int(value) if float(value).is_integer() else round(value, 3)
