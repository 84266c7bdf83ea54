"""Times as one types them: `7d`, `12h`, `2026-11-20T02:00:00Z`."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.cli.mistakes import Mistake

_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def moment(text: str | None, *, now: float) -> float:
    """Seconds since the epoch; 0 without a text. Raises Mistake."""
    if text is None:
        return 0.0
    if text[-1:] in _SECONDS and text[:-1].isdecimal():
        return now - int(text[:-1]) * _SECONDS[text[-1]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Mistake(f"`{text}` is no time; write 7d, 12h or 2026-11-20T02:00:00Z", exit_code=2) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
