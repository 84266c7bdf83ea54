"""The metrics that are kept, by name: what each counts and its labels. The one place to add or to rename one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_PLACE = ("endpoint", "origin", "hosting")
_REFUSAL = ("model", "operator", "topic", "language", "outcome")
# Eight bounds each: the three histograms by endpoint are most of all series.
_REQUEST_S = (0.25, 0.5, 1, 2.5, 5, 15, 45, 120)
_FIRST_BYTE_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_PER_TOKEN_S = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.5)
_OVERHEAD_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    workers: Literal["sum", "max", "min"] = "sum"  # how workers' gauges become one; all else is added up


FAMILIES = (
    Family(
        "gateway_requests_total",
        "counter",
        "Requests, by the endpoint that served last and what the caller got",
        ("team", "route", "kind", *_PLACE, "outcome"),
    ),
    Family("gateway_attempts_total", "counter", "Tries at an endpoint", ("endpoint", "outcome")),
    Family(
        "gateway_reroutes_total",
        "counter",
        "Attempts that another endpoint replaced",
        ("from_endpoint", "to_endpoint", "reason"),
    ),
    Family(
        "gateway_reroute_cost_usd_total",
        "counter",
        "What refusals of the endpoint had cost that another endpoint was asked after; part of the cost of serving",
        ("endpoint",),
    ),
    Family("gateway_cut_midway_total", "counter", "Replies that a filter ended after they had begun", ("endpoint",)),
    Family(
        "gateway_tokens_total",
        "counter",
        "Tokens of serving attempts; cached_input is part of input, reasoning is part of output",
        ("team", *_PLACE, "direction"),
    ),
    Family(
        "gateway_pieces_total",
        "counter",
        "Images, seconds of sound, spoken characters and searches of serving attempts",
        ("team", *_PLACE, "piece"),
    ),
    Family("gateway_cost_usd_total", "counter", "Cost of serving attempts", ("team", *_PLACE, "baseline_permitted")),
    Family(
        "gateway_baseline_cost_usd_total",
        "counter",
        "What the baseline would have cost for the same answers",
        ("team", *_PLACE, "basis", "baseline_permitted"),
    ),
    Family(
        "gateway_cache_total",
        "counter",
        "Requests of routes that keep answers, by whether one was found that might be given again: hit, miss",
        ("team", "route", "result"),
    ),
    Family(
        "gateway_cache_saved_usd_total",
        "counter",
        "What the answers had cost that were given again; part of no other saving",
        ("team", "route"),
    ),
    Family(
        "gateway_failures_total",
        "counter",
        "Attempts that failed, by what went wrong: our_key, our_balance, rate_limited, overloaded, timeout, connect …",
        ("endpoint", "kind"),
    ),
    Family(
        "gateway_passed_over_total",
        "counter",
        "Requests for which an endpoint was passed over at a ceiling of its own, or for a budget that did not reach",
        ("endpoint", "reason"),
    ),
    Family(
        "gateway_refusals_total",
        "counter",
        "Attempts that ended declined, evaded, filtered or blank, though the policy did not want that topic declined",
        _REFUSAL,
    ),
    Family(
        "gateway_judged_total",
        "counter",
        "Attempts that a refusal could have ended: all but failed, left and denied",
        _REFUSAL,
    ),
    Family(
        "gateway_guard_removed_total",
        "counter",
        "Requests for which the guard removed an endpoint of this origin",
        ("guard", "origin"),
    ),
    Family(
        "gateway_guard_cost_usd_total",
        "counter",
        "What the guard adds to the expected cost of a request; `all` is every guard absent, and guards do not add up",
        ("guard", "team"),
    ),
    Family("gateway_denied_total", "counter", "Requests stopped here", ("guard", "team")),
    Family(
        "gateway_request_seconds",
        "histogram",
        "Time from the request's arrival to its last byte",
        ("endpoint", "kind"),
        _REQUEST_S,
    ),
    Family(
        "gateway_first_byte_seconds",
        "histogram",
        "Time from sending to an endpoint to its first byte",
        ("endpoint", "kind"),
        _FIRST_BYTE_S,
    ),
    Family(
        "gateway_seconds_per_output_token",
        "histogram",
        "Time of an attempt by its output tokens",
        ("endpoint", "kind"),
        _PER_TOKEN_S,
    ),
    Family(
        "gateway_overhead_seconds",
        "histogram",
        "Time in the gateway before the upstream is asked and after its last byte",
        ("kind", "stream"),
        _OVERHEAD_S,
    ),
    Family(
        "gateway_budget_used_ratio",
        "gauge",
        "Share of its budget that the team has used",
        ("team",),
        workers="max",
    ),
    Family(
        "gateway_app_budget_used_ratio",
        "gauge",
        "Share of its own budget that an app of the team has used; only apps that callers.yaml gives one",
        ("team", "app"),
        workers="max",
    ),
    Family(
        "gateway_policy_budget_used_ratio",
        "gauge",
        "Share that is used of a budget of policy.yaml; `of` is operator, endpoint, model or team",
        ("of", "id", "per"),
        workers="max",
    ),
    Family(
        "gateway_ceiling_used_ratio",
        "gauge",
        "Share of an endpoint's ceiling that is used, by all gateways that count together",
        ("endpoint", "ceiling"),
        workers="max",
    ),
    Family("gateway_machine_usd_per_hour", "gauge", "What an hour of the own machine costs", ("endpoint",)),
    Family("gateway_first_request_timestamp_seconds", "gauge", "When the first request was received that is counted"),
    Family("gateway_last_reply_timestamp_seconds", "gauge", "When the last request ended that is counted"),
    Family(
        "gateway_waiting",
        "gauge",
        "Requests that wait for a seat at an endpoint that is full",
        ("endpoint",),
        workers="sum",
    ),
    Family("gateway_breaker_open", "gauge", "1 while requests pass the endpoint over", ("endpoint",), workers="max"),
    Family("gateway_in_flight", "gauge", "Requests under way", workers="sum"),
    Family("gateway_policy_info", "gauge", "1 for the policy version that serves", ("version",), workers="max"),
    Family(
        "gateway_freeze_in_force",
        "gauge",
        "1 while an administrator's freeze keeps requests from what it names; all=unread: freezes cannot be read",
        ("selector", "value"),
        workers="max",
    ),
    Family(
        "gateway_waiver_end_timestamp_seconds",
        "gauge",
        "When a waiver in force ends and its guard holds again for the team, in seconds since the epoch",
        ("guard", "team"),
        workers="max",
    ),
    Family("gateway_policy_reload_total", "counter", "Reloads of the policy", ("result",)),
    Family("gateway_ledger_dropped_total", "counter", "Requests that were not recorded for want of room"),
    Family("gateway_ledger_up", "gauge", "1 while the ledger takes rows"),
    Family(
        "gateway_reader_behind",
        "gauge",
        "Records of the journal that wait for the ledger, the metrics, the estimates …",
        ("reader",),
    ),
    Family(
        "gateway_journal_used_ratio",
        "gauge",
        "Share of GATEWAY_JOURNAL_BYTES that the journals take; at 1 requests are served and not recorded",
    ),
    Family("gateway_workers", "gauge", "Worker processes that are alive"),
    Family("gateway_heartbeat_age_seconds", "gauge", "How long ago the most silent of them last wrote its heartbeat"),
    Family(
        "gateway_event_loop_late_seconds", "gauge", "By how much the event loop of a worker was late", workers="max"
    ),
    Family("gateway_shadows_dropped_total", "counter", "Copies that were not sent because too many were under way"),
    Family(
        "gateway_trial_attempts_total",
        "counter",
        "Attempts of canaries, which are among all attempts, and of shadows, which are in no other metric",
        ("purpose", "route", "endpoint", "outcome"),
    ),
    Family(
        "gateway_trial_cost_usd_total",
        "counter",
        "Cost of these attempts; a shadow's is in no other metric",
        ("purpose", "route", "endpoint"),
    ),
    Family(
        "gateway_canary_stopped",
        "gauge",
        "1 once the route's canary has passed a bound of its stop_if",
        ("route", "endpoint"),
        workers="max",
    ),
    Family("gateway_shared_state_up", "gauge", "1 while the shared state answers", workers="min"),
)
