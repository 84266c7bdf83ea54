"""When a vendor wants to be asked again, from the headers of its reply. Pure: a date counts from the reply's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

MOST_S = 600.0  # longer rests would outlive whatever caused them
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_EPOCH = 1_000_000_000  # a larger figure is a point in time


def retry_after_s(headers: Sequence[tuple[bytes, bytes]]) -> float | None:
    """Seconds from 0 to MOST_S; None if the vendor does not say."""
    said = {name: value.decode("latin-1").strip() for name, value in headers}
    for seconds in (
        _number(said.get(b"retry-after-ms"), scale=1000),
        _seconds_or_date(said.get(b"retry-after"), said),
        *(_point_or_duration(said.get(name), said) for name in _spent(said)),
    ):
        if seconds is not None:
            return min(max(seconds, 0.0), MOST_S)
    return None


def _spent(said: Mapping[bytes, str]) -> list[bytes]:
    """The reset headers of the limits that are used up; the one without a name counts whenever it is there."""
    names = [
        b"x-ratelimit-reset-" + what
        for what in (b"requests", b"tokens")
        if said.get(b"x-ratelimit-remaining-" + what) == "0"
    ]
    return [*names, b"x-ratelimit-reset", b"ratelimit-reset"]


def _number(text: str | None, *, scale: int) -> float | None:
    try:
        number = float(text) if text else math.nan
    except ValueError:
        return None
    return number / scale if math.isfinite(number) else None


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def _seconds_or_date(text: str | None, said: Mapping[bytes, str]) -> float | None:
    seconds = _number(text, scale=1)
    if seconds is not None:
        return seconds
    then, now = _date(text), _date(said.get(b"date"))
    return None if then is None or now is None else then - now


def _point_or_duration(text: str | None, said: Mapping[bytes, str]) -> float | None:
    """`6m0s`, `20ms`, `12`, or seconds or milliseconds since the epoch."""
    number = _number(text, scale=1)
    if number is None:
        parts = _DURATION.fullmatch(text or "")
        if parts is None or not any(parts.groups()):
            return None
        hours, minutes, seconds, milliseconds = (float(part or 0) for part in parts.groups())
        return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    if number < _EPOCH:
        return number
    now = _date(said.get(b"date"))
    return None if now is None else (number / 1000 if number > _EPOCH * 100 else number) - now
