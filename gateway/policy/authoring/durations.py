"""How long, as an author writes it: `30s`, `15m`, `1h`, `7d`."""

from __future__ import annotations

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(written: str) -> float:
    """Of a text that a shape has let through."""
    return float(int(written[:-1]) * _SECONDS[written[-1]])
