"""Prices read from two public maps, as plain data: litellm's JSON and model-prices' snapshot. Neither is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import zip_longest
from typing import Any

MILLION = Decimal(1_000_000)
RATES = ("input", "output", "cached_input", "cache_write", "reasoning", "thinking_output")
_PIECES = {  # of litellm's, with what makes them ours: a minute, a million characters, a thousand searches
    "image": ("output_cost_per_image", Decimal(1)),
    "audio_minute": ("input_cost_per_second", Decimal(60)),
    "characters": ("input_cost_per_character", MILLION),
    "searches": ("input_cost_per_query", Decimal(1_000)),
}
_APART = {  # a million tokens that are no text
    "image_input": "input_cost_per_image_token",
    "image_output": "output_cost_per_image_token",
    "audio_input": "input_cost_per_audio_token",
    "audio_output": "output_cost_per_audio_token",
}
_LITELLM = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "reasoning": "output_cost_per_reasoning_token",
}
_SNAPSHOT = {"input": "input", "output": "output", "cached_input": "cache_read", "cache_write": "cache_write"}
_ABOVE = re.compile(r"(input_cost_per_token|output_cost_per_token)_above_(\d+)k_tokens")
Fields = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Quote:
    """One price as a map gives it, in US dollars per million tokens or by piece; an absent rate is unknown."""

    since: str | None  # None: the map does not say
    rates: Fields
    tiers: tuple[tuple[int, Fields], ...] = ()
    windows: tuple[tuple[str, Fields], ...] = ()
    batch: Fields = field(default_factory=dict)
    read_from: str | None = None


@dataclass(frozen=True, slots=True)
class Maps:
    """The two maps and their versions."""

    litellm: Mapping[str, Any]
    litellm_version: str
    snapshot: Mapping[str, Any]
    snapshot_version: str


def quotes(maps: Maps, key: str) -> tuple[str, tuple[Quote, ...]]:
    """`map@version:key`, and its prices by date.

    `key` is `litellm:…` or `model-prices:provider/model`; `#eu` at its end asks for the map's own uplift of that place,
    `*1.25` multiplies by what the vendor says.
    """
    name, _, inner = key.partition(":")
    entry, _, factor = inner.partition("*")
    if name == "litellm":
        entry, _, place = entry.partition("#")
        found = _placed(maps.litellm.get(entry), place)
    else:
        found = _snapshot(maps.snapshot, entry)
    version = maps.litellm_version if name == "litellm" else maps.snapshot_version
    told = tuple(_uplifted(quote, Decimal(factor)) for quote in found) if factor else found
    return f"{name}@{version}:{inner}", told


def listed(maps: Maps, key: str) -> bool:
    """True if the map has the key at all, priced or not."""
    name, _, inner = key.partition(":")
    entry = inner.partition("*")[0].partition("#")[0]
    if name == "litellm":
        return entry in maps.litellm
    provider, _, model = entry.partition("/")
    return model in maps.snapshot["prices"].get(provider, {})


def _placed(entry: Mapping[str, Any] | None, place: str) -> tuple[Quote, ...]:
    """With the uplift that the map knows for a place, if one is asked for; no uplift known: no price."""
    if not place or not entry:
        return _litellm(entry)
    names = (f"regional_processing_uplift_multiplier_{place}", "regional_endpoint_uplift_multiplier")
    uplift = next((Decimal(str(entry[name])) for name in names if name in entry), None)
    return () if uplift is None else tuple(_uplifted(quote, uplift) for quote in _litellm(entry))


def _uplifted(quote: Quote, uplift: Decimal) -> Quote:
    tiers = tuple((above, _times(rates, uplift)) for above, rates in quote.tiers)
    windows = tuple((window, _times(rates, uplift)) for window, rates in quote.windows)
    batch = _times(quote.batch, uplift)
    return replace(quote, rates=_times(quote.rates, uplift), tiers=tiers, windows=windows, batch=batch)


def _times(rates: Fields, factor: Decimal) -> Fields:
    return {name: _plain(rate * factor) for name, rate in rates.items()}


def _litellm(entry: Mapping[str, Any] | None) -> tuple[Quote, ...]:
    if not entry:
        return ()
    rates = _by_token(entry) or _by_piece(entry)
    if not _priced(rates) and not entry.get("tiered_pricing"):
        return ()
    quote = Quote(since=None, rates=rates, tiers=_litellm_tiers(entry), read_from=entry.get("source"))
    ranges = entry.get("tiered_pricing") or []
    return (_ranged(quote, ranges) if ranges and "range" in ranges[0] else quote,)


def _litellm_tiers(entry: Mapping[str, Any]) -> tuple[tuple[int, Fields], ...]:
    found = sorted({int(match[2]) for name in entry if (match := _ABOVE.fullmatch(name))})
    names = [(size, {rate: f"{name}_above_{size}k_tokens" for rate, name in _LITELLM.items()}) for size in found]
    return tuple((size * 1000, _per_million(entry, fields)) for size, fields in names)


def _ranged(quote: Quote, ranges: Sequence[Mapping[str, Any]]) -> Quote:
    """Its first range is the row, the others are tiers."""
    parts = [(int(part["range"][0]), _per_million(part, _LITELLM)) for part in ranges]
    tiers = tuple((above, rates) for above, rates in parts if above > 0)
    return replace(quote, rates={**quote.rates, **parts[0][1]}, tiers=tiers)


def _snapshot(snapshot: Mapping[str, Any], key: str) -> tuple[Quote, ...]:
    provider, _, model = key.partition("/")
    modes = snapshot["prices"].get(provider, {}).get(model)
    if not modes:
        return ()
    found: list[Quote] = []
    for entry, following in zip_longest(modes["standard"], modes["standard"][1:]):
        rates = entry["rates"]
        if rates is None:
            continue
        since = entry["start"] or rates["valid_from"]
        quote = _snapshot_quote(rates, since, _mode_at(modes, "thinking", since))
        until = following["start"] if following else "9999"  # batch prices often begin after the standard ones
        quote = replace(quote, batch=_per_unit(_mode_at(modes, "batch", until) or {}))
        while found and (found[-1].since or "") >= since:  # a correction of what stood before
            found.pop()
        if not found or replace(found[-1], since=since, read_from=quote.read_from) != quote:
            found.append(quote)
    return tuple(quote for quote in _scheduled(snapshot, provider, model, found) if _priced(quote.rates))


def _snapshot_quote(rates: Mapping[str, Any], since: str, thinking: Mapping[str, Any] | None) -> Quote:
    thought = {tier["above"]: tier["output"] for tier in (thinking or {}).get("tiers", ()) if "output" in tier}
    tiers = []
    for tier in rates.get("tiers", ()):
        extra = {"thinking_output": Decimal(str(thought[tier["above"]]))} if tier["above"] in thought else {}
        tiers.append((int(tier["above"]), {**_per_unit(tier), **extra}))
    extra = {"thinking_output": Decimal(str(thinking["output"]))} if thinking else {}
    return Quote(since=since, rates={**_per_unit(rates), **extra}, tiers=tuple(tiers), read_from=rates.get("source"))


def _mode_at(modes: Mapping[str, Any], name: str, since: str) -> Mapping[str, Any] | None:
    begun = [entry["rates"] for entry in modes.get(name, ()) if (entry["start"] or "") <= since]
    return begun[-1] if begun else None


def _scheduled(snapshot: Mapping[str, Any], provider: str, model: str, found: Sequence[Quote]) -> list[Quote]:
    """Rows in force while a schedule holds get its window."""
    quoted = list(found)
    for schedule in snapshot["schedules"]["schedule"]:
        factor = _factor(schedule, model)
        if schedule["provider"] != provider or factor is None or schedule.get("valid_until"):
            continue
        begins = schedule["valid_from"]
        quoted = [_with_window(quote, schedule, factor) if (quote.since or "") >= begins else quote for quote in quoted]
    return quoted


def _factor(schedule: Mapping[str, Any], model: str) -> Decimal | None:
    if "peak_multiplier" in schedule:
        return Decimal(str(schedule["peak_multiplier"]))
    factor = schedule.get("off_peak_multiplier", {}).get(model)
    return None if factor is None else Decimal(str(factor))


def _with_window(quote: Quote, schedule: Mapping[str, Any], factor: Decimal) -> Quote:
    name = "deepseek-peak" if schedule["provider"] == "deepseek" else f"{schedule['provider']}-deepseek-off-peak"
    return replace(quote, windows=((name, _times(quote.rates, factor)),))


def _per_million(entry: Mapping[str, Any], names: Mapping[str, str]) -> Fields:
    given = {rate: entry.get(name) for rate, name in names.items()}
    return {rate: _plain(Decimal(str(value)) * MILLION) for rate, value in given.items() if value}


def _per_unit(entry: Mapping[str, Any]) -> Fields:
    given = {rate: entry.get(name) for rate, name in _SNAPSHOT.items()}
    return {rate: _plain(Decimal(str(value))) for rate, value in given.items() if value}


def _plain(value: Decimal) -> Decimal:
    return value.quantize(Decimal("1e-9")).normalize()


def _by_token(entry: Mapping[str, Any]) -> Fields:
    """What makes pictures alone has no price of text that it writes."""
    rates = dict(_per_million(entry, _LITELLM))
    apart = dict(_per_million(entry, _APART)) if rates else {}
    if rates and "output" not in rates and "image_output" in apart:
        rates["output"] = apart.pop("image_output")
    return rates | apart


def _by_piece(entry: Mapping[str, Any]) -> Fields:
    """Of an entry that prices no token."""
    given = {rate: (entry.get(name), times) for rate, (name, times) in _PIECES.items()}
    return {rate: _plain(Decimal(str(value)) * times) for rate, (value, times) in given.items() if value}


def _priced(rates: Fields) -> bool:
    return "input" in rates or not rates.keys().isdisjoint(_PIECES)
