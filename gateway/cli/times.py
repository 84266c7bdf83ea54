"""Times as one types them: `7d`, `12h`, `2026-11-20T02:00:00Z`, `2026-11-20`."""

from __future__ import annotations

from datetime import UTC, date, datetime

from gateway.cli.mistakes import Mistake

_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def ago_or_at(text: str | None, *, now: float) -> float:
    """Seconds since the epoch of a time, or of `7d` ago; 0 without a text. Raises Mistake."""
    if text is None:
        return 0.0
    if text[-1:] in _SECONDS and text[:-1].isdecimal():
        return now - int(text[:-1]) * _SECONDS[text[-1]]
    return _instant(text, "7d, 12h or 2026-11-20T02:00:00Z")


def instant(text: str | None, *, now: float) -> float:
    """Seconds since the epoch, UTC where no zone is named; now without a text. Raises Mistake."""
    return now if text is None else _instant(text, "2026-11-20T02:00:00Z")


def day(text: str) -> str:
    """YYYY-MM-DD. Raises Mistake."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Mistake(f"`{text}` is no day; write one like 2027-01-31", exit_code=2) from None


def later_day(text: str, *, now: float) -> str:
    """The same, of a day that is still to come. Raises Mistake."""
    wanted, today = day(text), datetime.fromtimestamp(now, UTC).date().isoformat()
    if wanted <= today:
        raise Mistake(f"`{text}` is not to come (today is {today}, UTC): such a key would never work", exit_code=2)
    return wanted


def days_from(now: float, days: int) -> str:
    """YYYY-MM-DD, UTC."""
    return datetime.fromtimestamp(now + days * _SECONDS["d"], UTC).date().isoformat()


def _instant(text: str, example: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Mistake(f"`{text}` is no time; write {example}", exit_code=2) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def written_time(at: float) -> str:
    """To the second, of seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
