"""How readers are told a figure: a heading with its unit, and as many digits as say something. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

SHARES = frozenset(
    "rate low high share idle_share difference agreement complied corrected weighted_rate detector_rate "
    "detector_weighted_rate".split()
)


def heading(name: str) -> str:
    """Of a column or a figure: `list_savings_usd` is `list savings, US$`."""
    parts = [_words(part) for part in name.split(".")]
    return ": ".join(parts)


def _words(name: str) -> str:
    if name.endswith("_usd"):
        return f"{name.removesuffix('_usd').replace('_', ' ')}, US$"
    if "_usd_" in name:
        return f"{name.replace('_usd_', ' ').replace('_', ' ')}, US$"
    if name.startswith("usd_"):
        return f"{name.removeprefix('usd_').replace('_', ' ')}, US$"
    if name in SHARES:
        return f"{name.replace('_', ' ')}, %"
    if name.endswith("_s"):
        return f"{name.removesuffix('_s').replace('_', ' ')}, s"
    return name.replace("_", " ")


def figure(name: str, value: Any) -> str:
    """A value of this column, without its unit."""
    last = name.rsplit(".", 1)[-1]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        joint = " to " if "interval" in last else ", "
        return joint.join(figure(name, each) for each in value)
    if "usd" in last.split("_") or last.endswith("Cost"):
        return _money(value)
    if last in SHARES and isinstance(value, int | float):
        return f"{100 * value:.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    return _number(value) if isinstance(value, float) else str(value)


def money(usd: str | float) -> str:
    """US dollars as one reads them: cents from a dollar up, four figures below."""
    amount = float(usd)
    return f"{'−' if amount < 0 else ''}${_money(abs(amount))}"


def _money(value: Any) -> str:
    try:
        amount = float(Decimal(str(value)))
    except InvalidOperation:
        return str(value)
    sign, size = "−" if amount < 0 else "", abs(amount)
    return f"{sign}{size:,.2f}" if size >= 1 or not size else f"{sign}{Decimal(f'{size:.4g}'):f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
