"""Prices of a folder resolved anew from two price maps: what to write, what changed, what is gone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from gateway.catalog.maps import Fields, Maps, Quote, listed, quotes
from gateway.catalog.prices import TOKENS_APART
from gateway.catalog.shapes import EndpointRow, PriceRow, Rates
from gateway.catalog.sources import gather
from gateway.source import Document

NAMES = ("input", "cached_input", "cache_write", "output", "reasoning", "thinking_output")
PIECES = ("image", "audio_minute", "characters", "searches", *TOKENS_APART)
TOLERANCE = Decimal("0.01")
HEAD = """# yaml-language-server: $schema=../schema/catalog.json
# Written by `gateway catalog refresh --write`. Prices agreed with a vendor: another file, and `contract: true`.
prices:
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What a refresh does to one endpoint's price."""

    endpoint: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The outcome of a refresh."""

    text: str  # the file of price rows
    changes: tuple[Change, ...]
    unresolved: tuple[tuple[str, str], ...]  # endpoint, key: the map no longer has it
    contradictions: tuple[str, ...]  # the maps disagree by more than TOLERANCE


def refresh(documents: Sequence[Document], maps: Maps, *, file: str, since: str) -> Refreshed:
    """`file` is the one whose rows are replaced; `since` dates a price whose map does not say."""
    desk = gather(documents, ())
    old = {
        written.row.endpoint: written.row.rows
        for written in desk.rows(lambda found: found.prices)
        if written.document.file == file
    }
    parts: list[str] = []
    changes: list[Change] = []
    unresolved: list[tuple[str, str]] = []
    contradictions: list[str] = []
    for row in (written.row for written in desk.rows(lambda found: found.endpoints)):
        found = [(key, *quotes(maps, key)) for key in row.price_keys]
        unresolved += [(row.id, key) for key in row.price_keys if not listed(maps, key)]
        resolved = [(origin, told) for _, origin, told in found if told]
        contradictions += _contradictions(row, resolved)
        lines = _lines(resolved, old.get(row.id, []), since, row.bills_in)
        if lines:
            parts.append(f"  - endpoint: {row.id}\n    rows:\n" + "".join(f"      - {line}\n" for line in lines))
        changes += _changes(row.id, old.get(row.id, []), lines)
    return Refreshed(HEAD + "".join(parts), tuple(changes), tuple(unresolved), tuple(contradictions))


def _lines(
    resolved: Sequence[tuple[str, Sequence[Quote]]], old: Sequence[PriceRow], since: str, currency: str
) -> list[str]:
    """A map with dates replaces all rows; one without adds a row when its price differs from the last."""
    if not resolved:
        return [_written(row) for row in old]
    origin, told = resolved[0]
    if told[0].since is not None:
        return [_line(quote, quote.since or since, origin, currency) for quote in told]
    kept = [_written(row) for row in old if row.origin and row.origin.startswith("litellm@")]
    newest = _line(told[-1], since, origin, currency)
    if kept and _rates_of(kept[-1]) == _rates_of(newest):
        return kept
    return [*(line for line in kept if f"since: {since}," not in line), newest]


def _line(quote: Quote, since: str, origin: str, currency: str) -> str:
    parts = [f"since: {since}", *_fields(quote.rates)]
    if quote.tiers:
        parts.append(
            "tiers: [" + ", ".join(_braced([f"above: {above}", *_fields(r)]) for above, r in quote.tiers) + "]"
        )
    if quote.windows:
        parts.append("windows: [" + ", ".join(_braced([f"window: {w}", *_fields(r)]) for w, r in quote.windows) + "]")
    if quote.batch:
        parts.append("batch: " + _braced(_fields(quote.batch)))
    if currency != "USD":
        parts += [f"currency: {currency}", f"rate_date: {since[:10]}"]
    parts.append(f'from: "{origin}"')
    if quote.read_from:
        parts.append(f'source: "{quote.read_from}"')
    return _braced(parts)


def _written(row: PriceRow) -> str:
    """A row as it stands in the file, in our spelling."""
    quote = Quote(
        since=row.since,
        rates=_given(row),
        tiers=tuple((tier.above, _given(tier)) for tier in row.tiers),
        windows=tuple((window.window, _given(window)) for window in row.windows),
        batch=_given(row.batch) if row.batch else {},
        read_from=row.source,
    )
    return _line(quote, row.since, row.origin or "", row.currency)


def _given(row: Rates) -> Fields:
    return {name: value for name in (*NAMES, *PIECES) if (value := getattr(row, name, None)) is not None}


def _fields(rates: Mapping[str, Decimal]) -> list[str]:
    return [f"{name}: {rates[name].normalize():f}" for name in (*NAMES, *PIECES) if name in rates]


def _braced(parts: Iterable[str]) -> str:
    return "{" + ", ".join(parts) + "}"


def _rates_of(line: str) -> str:
    """What a row says besides when and from where."""
    return line.partition(", ")[2].partition(", from:")[0].partition(", currency:")[0]


def _changes(endpoint: str, old: Sequence[PriceRow], lines: Sequence[str]) -> list[Change]:
    before = _written(old[-1]) if old else None
    after = lines[-1] if lines else None
    if after is None or (before is not None and _rates_of(before) == _rates_of(after)):
        return []
    return [Change(endpoint, _rates_of(before) if before else None, _rates_of(after))]


def _contradictions(row: EndpointRow, resolved: Sequence[tuple[str, Sequence[Quote]]]) -> list[str]:
    """The newest prices of every two maps, compared rate by rate where both have one."""
    found: list[str] = []
    for (first, told), (second, others) in pairwise(resolved):
        for name in ("input", "cached_input", "output"):
            ours, theirs = told[-1].rates.get(name), others[-1].rates.get(name)
            if (
                ours
                and theirs
                and abs(ours - theirs) > TOLERANCE * max(ours, theirs)
                and not _a_window(told[-1], name, theirs)
            ):
                found.append(f"{row.id}: `{name}` is {ours:f} in {first} and {theirs:f} in {second}")
    return found


def _a_window(quote: Quote, name: str, value: Decimal) -> bool:
    """One map may keep as base what the other knows as the price of certain hours."""
    return any(abs(rates.get(name, Decimal(0)) - value) <= TOLERANCE * value for _, rates in quote.windows)
