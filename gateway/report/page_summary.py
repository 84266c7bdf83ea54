"""What each report's page shows first: its figures and its plots. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.report import plot
from gateway.report.colours import family_of
from gateway.report.digits import money
from gateway.report.plot import SERIES, Curve, Mark

Report = Mapping[str, Any]
MOST_MARKS = 15
Figure = tuple[str, str, str]  # name, value, remark


@dataclass(frozen=True, slots=True)
class Look:
    """The top of a page."""

    title: str
    figures: list[Figure]
    plots: list[str]


def _mark(label: str, usd: str | float, series: int = 0) -> Mark:
    return Mark(label, float(usd), money(usd), series=series)


def _adoption(made: Report) -> Look:
    rows, by = made["rows"], made["by"]
    keys = [row["key"] for row in rows]
    days = [(day["day"], day["requests"]) for day in made["days"]] if by != "day" else []
    paints = [f"o-{family_of(key)}" for key in keys] if by == "origin" else [f"s{n % SERIES}" for n in range(len(keys))]
    costs = [
        Mark(row["key"], float(row["cost_usd"]), money(row["cost_usd"]), paint=p)
        for p, row in zip(paints, rows, strict=True)
    ]
    marks = [
        Mark(row["key"], row["share"], f"{row['share']:.1%}", paint=p) for p, row in zip(paints, rows, strict=True)
    ]
    return Look(
        f"Adoption by {by.replace('_', ' ')}",
        [
            ("requests", f"{made['requests']:,}", ""),
            ("tokens", f"{sum(row['tokens'] for row in rows):,}", "read and written"),
            ("cost", money(sum(float(row["cost_usd"]) for row in rows)), "of all serving attempts"),
        ],
        [
            plot.bars(marks, title="Share of requests"),
            plot.shares(days, keys, title="Share of requests by day, in the same colours", paints=paints),
            plot.bars(costs, title="Cost"),
        ],
    )


def _savings(made: Report) -> Look:
    if made["list_savings_usd"] is None:
        return Look("Savings", [("requests", f"{made['requests']:,}", "the policy names no baseline")], [])
    low, high = made["effective_interval_usd"]
    marks = _saved(made)
    forbidden, machines = made["baseline_forbidden"], made["at_machine_cost"]
    return Look(
        f"Savings against {', '.join(made['baselines'])}",
        [
            ("effective savings", money(made["effective_savings_usd"]), f"95 %: {money(low)} to {money(high)}"),
            ("list-price savings", money(made["list_savings_usd"]), "what vendors quote"),
            _again(made["re_estimated"]),
            ("cost", money(made["cost_usd"]), f"{made['requests']:,} requests, {made['answered']:,} answered"),
            ("cost per answer", money(made["cost_per_answer_usd"] or 0), "all costs ÷ answers"),
            (
                "baseline not permitted",
                f"{forbidden['requests']:,}",
                f"requests; {money(forbidden['cost_usd'])} paid for them",
            ),
            *_machine_figures(machines),
            *_cache_figures(made["by_cache"]),
        ],
        [plot.bars(marks, title="Saved, with the 95 % interval of what is not known exactly")],
    )


def _again(made: Report) -> Figure:
    low, high = made["effective_interval_usd"]
    remark = f"effective savings by all that is known now; 95 %: {money(low)} to {money(high)}"
    return ("re-estimated", money(made["effective_savings_usd"]), remark)


def _saved(made: Report) -> list[Mark]:
    """At list price and in effect: as they stand, after measuring, and with machines at their hours."""
    low, high = made["effective_interval_usd"]
    after, machines = made["after_measuring"], made["at_machine_cost"]
    listed = [("at list price", made), ("list, after measuring", after), ("list, machines by the hour", machines)]
    effective = [("effective, after measuring", after), ("effective, machines by the hour", machines)]
    whole = Mark(
        "effective", float(made["effective_savings_usd"]), money(made["effective_savings_usd"]), float(low), float(high)
    )
    return [
        *(_mark(name, each["list_savings_usd"], 1) for name, each in listed if each is not None),
        whole,
        *(_mark(name, each["effective_savings_usd"]) for name, each in effective if each is not None),
    ]


def _machine_figures(machines: Mapping[str, Any] | None) -> list[Figure]:
    """What own machines cost by their hours, where that is known."""
    if machines is None:
        return []
    charged = (
        f"machines cost {money(machines['actual_usd'])} by the hour, {money(machines['transfer_usd'])} were charged"
    )
    return [("list savings at machine cost", money(machines["list_savings_usd"]), charged)]


def _cache_figures(cache: Mapping[str, Any]) -> list[Figure]:
    """A figure of its own, where a route has given answers again."""
    if not cache["answers"]:
        return []
    return [("saved by cache", money(cache["saved_usd"]), f"{cache['answers']:,} answers again; in no other figure")]


def _refusals(made: Report) -> Look:
    rows, requests, ended = made["rows"], made["requests"], made["ended_refused"]
    known = sorted((row for row in rows if row["rate"] is not None), key=lambda row: -row["rate"])
    marks = [
        Mark(_group(row), row["rate"], f"{row['rate']:.1%} of {row['n']:,}", row["low"], row["high"], 5)
        for row in known[:MOST_MARKS]
    ]
    return Look(
        "Refusals",
        [
            ("ended refused", f"{ended:,}", f"of {requests:,} requests: what the caller got at last"),
            ("replies", f"{sum(row['n'] for row in rows):,}", "that could have been refusals"),
            ("groups", f"{len(rows):,}", f"{len(rows) - len(known):,} with fewer than 30 replies have no rate"),
        ],
        [
            plot.points(
                marks, title=f"Refused, evaded, filtered or blank, with 95 % intervals; the highest {MOST_MARKS}"
            )
        ],
    )


def _group(row: Mapping[str, Any]) -> str:
    return f"{row['model']}@{row['operator']} {row['topic']} {row['language']}"


def _rules(made: Report) -> Look:
    *guards, together = made["rows"]
    guards = [row for row in guards if row["removed"]]
    ordered = sorted(guards, key=lambda row: -float(row["marginal_usd"]))
    return Look(
        "The price of each rule",
        [
            ("all rules together", money(together["marginal_usd"]), "against having none"),
            ("overlap", money(together["overlap_usd"]), "what they cost only together"),
            ("denied", f"{together['denied']:,}", "requests"),
            (
                "blocked adoption",
                money(together["blocked_adoption_usd"]),
                f"{together['blocked_adoption']:,} requests kept from cheaper Chinese weights that have a key here",
            ),
        ],
        [
            plot.bars(
                [_mark(row["guard"], row["marginal_usd"]) for row in ordered],
                title="Marginal: what lifting this rule alone would save",
            ),
            plot.bars(
                [_mark(row["guard"], row["alone_usd"], 1) for row in ordered],
                title="Alone: what it would cost as the only rule",
            ),
            plot.bars(
                [Mark(row["guard"], row["blocked_adoption"], _blocked(row), series=2) for row in ordered],
                title="Blocked adoption: requests from which it kept a cheaper endpoint with Chinese weights",
            ),
        ],
    )


def _blocked(row: Mapping[str, Any]) -> str:
    return f"{row['blocked_adoption']:,}, {money(row['blocked_adoption_usd'])}"


def _breakeven(made: Report) -> Look:
    figures: list[Figure] = []
    plots: list[str] = []
    for machine in made["machines"]:
        name, rivals = machine["endpoint"], [row for row in made["rows"] if row["endpoint"] == machine["endpoint"]]
        figures += [
            (
                name,
                f"{machine['idle_share']:.1%} idle",
                f"${machine['usd_per_hour']} an hour, {machine['requests']:,} requests",
            ),
            ("transfer price paid", money(machine["transfer_usd"]), f"actual cost {money(machine['actual_usd'])}"),
        ]
        figures += _pays_from(rivals)
        own = [(point["requests_per_hour"], float(point["self_usd_per_request"])) for point in machine["curve"]]
        if own:
            hosted = [
                Curve(row["hosted"], [(x, float(row["hosted_usd_per_request"])) for x in (own[0][0], own[-1][0])], True)
                for row in rivals[:6]
            ]
            plots.append(
                plot.curves(
                    [Curve(name, own), *hosted], title=f"{name}: US dollars a request", across="requests an hour", up=""
                )
            )
    return Look(
        "Own machines against hosted ones",
        figures,
        plots,
    )


def _pays_from(rivals: Sequence[Mapping[str, Any]]) -> list[Figure]:
    if not rivals:
        return []
    cheapest = rivals[0]
    needed = cheapest["break_even_requests_per_hour"]
    if needed is None:
        return [("pays from", "no volume", f"a machine at full load costs more than {cheapest['hosted']}")]
    return [("pays from", f"{needed:,.0f} an hour", f"requests on, against {cheapest['hosted']}")]


def _reconcile(made: Report) -> Look:
    rows = made["rows"]
    invoiced, recorded = (sum(float(row[name]) for row in rows) for name in ("invoiced_usd", "recorded_usd"))
    return Look(
        "Invoices against the ledger",
        [
            ("invoiced", money(invoiced), ""),
            ("recorded", money(recorded), ""),
            ("difference", money(invoiced - recorded), ""),
        ],
        [plot.bars([_mark(row["item"], row["difference_usd"], 5) for row in rows], title="Invoiced less recorded")],
    )


def _focus(made: Report) -> Look:
    billed, listed = (sum(float(row[name]) for row in made["rows"]) for name in ("BilledCost", "ListCost"))
    by_day: dict[str, float] = {}
    for row in made["rows"]:
        by_day[row["ChargePeriodStart"][:10]] = by_day.get(row["ChargePeriodStart"][:10], 0.0) + float(
            row["BilledCost"]
        )
    figures = [("billed", money(billed), ""), ("at list price", money(listed), "without contracts")]
    days = [_mark(day, usd) for day, usd in by_day.items()]
    return Look("Costs in FOCUS columns", figures, [plot.bars(days, title="Billed by day")])


LOOKS: dict[str, Callable[[Report], Look]] = {
    "adoption": _adoption,
    "savings": _savings,
    "refusals": _refusals,
    "rules": _rules,
    "breakeven": _breakeven,
    "reconcile": _reconcile,
    "focus": _focus,
}
