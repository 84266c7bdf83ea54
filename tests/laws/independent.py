"""The figures of the reports worked out again from the definitions alone: no code is shared with the gateway. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
SERVING = ("serve", "canary")
UNCOUNTED = ("failed", "left", "denied")
REFUSED = ("declined", "evaded", "filtered", "blank")
RATES = ("rate", "low", "high")
ENOUGH = 30
DECLARED = "prc_political us_political other_political malicious self_harm medical legal financial code none".split()


class Book:
    """A policy folder as plain data, and what the definitions say about it."""

    def __init__(self, policy: Row, catalogue: Row) -> None:
        self.policy = policy
        self.endpoints = {row["id"]: row for row in catalogue["endpoints"]}
        self.models = {row["id"]: row for row in catalogue["models"]}
        self.labs = {row["id"]: row for row in catalogue["labs"]}
        self.windows = {row["id"]: row for row in catalogue["windows"]}

    def baseline(self, route: str) -> str:
        own = [row.get("baseline") for row in self.policy["routes"] if row["name"] == route]
        return str((own and own[0]) or self.policy["baseline"])

    def excepted(self, row: Row) -> bool:
        """Whether a refusal of this request is a correct one."""
        known = [r["on_refusal"] for r in self.policy["routes"] if r["name"] == row.get("route") and "on_refusal" in r]
        topics = (known[0] if known else self.policy["defaults"]["on_refusal"]).get("except", {}).get("topic", [])
        return bool(set(topics) & set(row.get("signals", {}).get("topic") or []))

    def cost(self, endpoint: str, usage: Row, at: float) -> Decimal:
        """US dollars for this usage at this place and time."""
        begun = [p for p in self.endpoints[endpoint]["prices"] if instant(str(p["since"])) <= at]
        agreed = [p for p in begun if p.get("contract") and (not p.get("until") or at < instant(str(p["until"])))]
        row = max(agreed or [p for p in begun if not p.get("contract")], key=lambda p: instant(str(p["since"])))
        rates = dict(row)
        opened = [w for w in row.get("windows", []) if self._open(self.windows[w["window"]], at)]
        if opened:
            rates |= opened[0]
        else:
            for tier in row.get("tiers", []):
                if usage.get("input_tokens", 0) > tier["above"]:
                    rates |= tier
        return _priced(rates, usage)

    def _open(self, window: Row, at: float) -> bool:
        minute = at % 86400 / 60
        day = datetime.fromtimestamp(at + 3600 * window["utc_offset_hours"], UTC)
        spans = [[int(t[:2]) * 60 + int(t[3:]) for t in text.split("-")] for text in window["hours_utc"]]
        return day.isoweekday() in window["weekdays"] and any(a <= minute < b for a, b in spans)

    def key(self, by: str, endpoint: str) -> str:
        if endpoint not in self.endpoints:
            return operator_of(endpoint) if by == "operator" else "unknown"
        row = self.endpoints[endpoint]
        model = self.models[endpoint.split("@")[0]]
        words = {
            "hosting": row["hosting"],
            "operator": operator_of(endpoint),
            "lab": model["lab"],
            "origin": self.labs[model["lab"]].get("country"),
            "licence_family": {"MIT": "permissive", "proprietary": "proprietary"}.get(model.get("licence")),
        }
        return words[by] or "unknown"


def _priced(rates: Row, usage: Row) -> Decimal:
    def price(name: str, instead: str) -> Decimal:
        return Decimal(str(rates[instead] if rates.get(name) is None else rates[name]))

    cached, written = usage.get("cached_tokens", 0), usage.get("cache_write_tokens", 0)
    thought = usage.get("reasoning_tokens", 0)
    whole: Decimal = (
        (usage.get("input_tokens", 0) - cached - written) * price("input", "input")
        + cached * price("cached_input", "input")
        + written * price("cache_write", "input")
        + (usage.get("output_tokens", 0) - thought) * price("output", "output")
        + thought * price("reasoning", "output")
    )
    return whole / 1_000_000


def operator_of(endpoint: str) -> str:
    return endpoint.split("@")[1].split("/")[0]


def instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=UTC).timestamp()


def serving(row: Row) -> list[Row]:
    return [a for a in row.get("attempts", []) if a.get("purpose", "serve") in SERVING]


def spent(row: Row) -> Decimal:
    return sum((Decimal(a.get("cost_usd", "0")) for a in serving(row)), Decimal(0))


def answered(book: Book, row: Row) -> bool:
    return row["outcome"] == "answered" or (row["outcome"] == "declined" and book.excepted(row))


def ended_at(row: Row, attempt: Row) -> float:
    """When this attempt of the request was priced: attempts follow each other."""
    mine = serving(row)
    return instant(row["at"]) + sum(float(a.get("total_s", 0)) for a in mine[: mine.index(attempt) + 1])


def list_credit(book: Book, row: Row) -> Decimal:
    """The baseline's list price of the last serving attempt's own tokens."""
    if not serving(row) or not (answered(book, row) or row["outcome"] == "left"):
        return Decimal(0)
    last = serving(row)[-1]
    return book.cost(book.baseline(row.get("route", "")), last.get("usage", {}), ended_at(row, last))


def asked(rows: Iterable[Row]) -> list[Row]:
    """Requests of callers: a row of nothing but judges and probes is none."""
    return [
        row
        for row in rows
        if {a.get("purpose", "serve") for a in row.get("attempts", [])} - {"judge", "probe"} or not row.get("attempts")
    ]


def savings(book: Book, rows: Iterable[Row]) -> dict[str, Any]:
    """What is asked, answered and paid is told of all requests; what is saved, of those that the baseline may serve."""
    rows = asked(rows)
    forbidden = [row for row in rows if book.baseline(row.get("route", "")) in row.get("removed", {})]
    free = [row for row in rows if row not in forbidden]
    return {
        "requests": len(rows),
        "answered": sum(answered(book, row) for row in rows),
        "cost_usd": sum(map(spent, rows), Decimal(0)),
        "list_savings_usd": sum((list_credit(book, row) - spent(row) for row in free), Decimal(0)),
        "baseline_forbidden": {"requests": len(forbidden), "cost_usd": sum(map(spent, forbidden), Decimal(0))},
    }


def adoption(book: Book, rows: Iterable[Row], by: str) -> dict[str, dict[str, Any]]:
    """By key: requests, share, tokens, cost_usd."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"requests": 0, "tokens": 0, "cost_usd": Decimal(0)})
    requests = asked(rows)
    for row in requests:
        mine = serving(row)
        key: Callable[[Row], str] = lambda a: row["team"] if by == "team" else book.key(by, a["endpoint"])  # noqa: B023, E731
        last = row["team"] if by == "team" else key(mine[-1]) if mine else "none"
        found[last]["requests"] += 1
        for attempt in mine:
            usage = attempt.get("usage", {})
            found[key(attempt)]["tokens"] += usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
            found[key(attempt)]["cost_usd"] += Decimal(attempt.get("cost_usd", "0"))
    return {key: {**row, "share": row["requests"] / len(requests)} for key, row in found.items()}


def wilson(hits: int, n: int) -> tuple[float, float]:
    z, p = 1.959963984540054, hits / n
    middle = (p + z * z / 2 / n) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return middle - half, middle + half


def refusals(book: Book, rows: Iterable[Row]) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """By weights, operator, topic, language."""
    counts: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        signals = row.get("signals", {})
        topic = min(signals.get("topic") or ["none"], key=DECLARED.index)
        for attempt in row.get("attempts", []):
            if attempt["outcome"] in UNCOUNTED or (attempt.get("purpose") == "judge" and row not in asked([row])):
                continue
            place = (attempt["endpoint"].split("@")[0], operator_of(attempt["endpoint"]))
            group = counts[*place, topic, signals.get("language") or "other"]
            group["n"] += 1
            group[attempt["outcome"]] += 1
            fault = attempt["outcome"] in REFUSED and not (attempt["outcome"] == "declined" and book.excepted(row))
            group["faults"] += fault
    return {key: _rate(group) for key, group in counts.items()}


def _rate(group: Counter[str]) -> dict[str, Any]:
    n = group["n"]
    low, high = wilson(group["faults"], n)
    known = n >= ENOUGH
    shown = {word: group[word] for word in ("n", *REFUSED)}
    return shown | ({"rate": group["faults"] / n, "low": low, "high": high} if known else dict.fromkeys(RATES))


def rules(rows: Iterable[Row]) -> tuple[Counter[str], int]:
    """Requests from which each guard removed something; requests that were denied."""
    requests = asked(rows)
    removed = Counter(
        guard for row in requests for guard in {each for guards in row.get("removed", {}).values() for each in guards}
    )
    return removed, sum(row["outcome"] == "denied" for row in requests)
