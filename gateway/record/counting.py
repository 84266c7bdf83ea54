"""What is counted of every record. A label is a word of the policy or the catalogue, never of a user, never a key."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from math import inf

from gateway.outcome.priced import Priced
from gateway.outcome.row import REFUSALS, SERVING, UNJUDGED
from gateway.outcome.spans import trace_of
from gateway.record.collectors import Counts, Exemplars, Labels, Values
from gateway.record.journal.entry import Entry
from gateway.record.journal.record import Place, Record, Tried
from gateway.request import Arrival
from gateway.signals.kind import first_topic

_NOWHERE = ("none", "none", "none")
_KEPT_ANSWER = ("cache", "cache", "cache")  # nobody was asked
_KEPT = 4096  # combinations of labels


class Count:
    """Of one batch of records."""

    def __init__(self) -> None:
        self.counts: Counts = defaultdict(lambda: defaultdict(float))
        self.values: Values = defaultdict(lambda: defaultdict(list))
        self.exemplars: Exemplars = {}
        self.first_at, self.last_at = inf, -inf  # of callers' requests: received, ended

    def add(self, entry: Entry) -> None:
        """A caller's request, or a shadow, which is no request: it counts as a trial alone."""
        record = entry.record
        if record.beside == "shadow":
            for attempt in record.attempts:
                self._trial(entry, attempt)
        if record.beside:
            return
        self._request(entry)
        self._elsewhere(record)
        if entry.removed is not None:
            for removal in entry.removed.origins:
                self.counts["gateway_guard_removed_total"][removal] += 1.0
        last = entry.served_by
        for attempt in record.attempts:
            place = entry.place(attempt)
            self._attempt(entry, attempt, place, replaced=bool(record.rerouted) and attempt is not last)
            if attempt.purpose in SERVING:
                self._money(attempt, _labels(record.team, *_place(place), record.baseline_permitted))
            if attempt.purpose == "canary":
                self._trial(entry, attempt)

    def exemplify(self, entry: Entry) -> None:
        """Names the trace of a request beside its time: of each metric and its labels the last one."""
        record, served = entry.record, entry.served_by
        if served and not record.beside:
            arrival = Arrival(record.request_id, record.at, record.started, traceparent=record.traceparent)
            labels = (entry.place(served).endpoint, record.kind)
            self.exemplars["gateway_request_seconds", labels] = record.total_s, f"{trace_of(arrival):032x}"

    def price(self, entry: Entry, priced: Priced) -> None:
        """What its rules and its baseline were worth."""
        record, served = entry.record, entry.served_by
        if priced.baseline.usd and served:
            labels = _labels(record.team, *_place(entry.place(served)), record.baseline_permitted)
            self.counts["gateway_baseline_cost_usd_total"][labels["effective"]] += priced.baseline.usd
        guards = self.counts["gateway_guard_cost_usd_total"]
        for guard, usd in priced.rules.marginal.items():
            guards[guard, record.team] += usd
        if priced.rules.together:
            guards["all", record.team] += priced.rules.together

    def _request(self, entry: Entry) -> None:
        record, served = entry.record, entry.served_by
        self.first_at, self.last_at = min(self.first_at, record.at), max(self.last_at, record.ended_at)
        place = _place(entry.place(served)) if served else _KEPT_ANSWER if record.kept else _NOWHERE
        counts, values, route = self.counts, self.values, record.decided.route if record.decided else "none"
        if record.cache:
            counts["gateway_cache_total"][record.team, route, record.cache] += 1.0
        if record.kept is not None:
            counts["gateway_cache_saved_usd_total"][record.team, route] += float(record.kept.saved_usd)
        counts["gateway_requests_total"][record.team, route, record.kind, *place, record.outcome] += 1.0
        stream = "true" if record.stream else "false"
        values["gateway_overhead_seconds"][record.kind, stream].append(record.overhead_s)
        if served:
            values["gateway_request_seconds"][place[0], record.kind].append(record.total_s)
        if record.baseline_list_usd and (usd := float(record.baseline_list_usd)):
            labels = _labels(record.team, *place, record.baseline_permitted)
            counts["gateway_baseline_cost_usd_total"][labels["list"]] += usd
        if record.denied_by is not None:
            counts["gateway_denied_total"][record.denied_by, record.team] += 1.0

    def _elsewhere(self, record: Record) -> None:
        """Why another endpoint was asked than would have been."""
        for reroute in record.rerouted:
            self.counts["gateway_reroutes_total"][reroute] += 1.0
        for full in record.passed_over:
            self.counts["gateway_passed_over_total"][full] += 1.0

    def _attempt(self, entry: Entry, attempt: Tried, place: Place, *, replaced: bool) -> None:
        counts, values, tokens = self.counts, self.values, attempt.usage[3]
        timed = (place.endpoint, entry.record.kind)
        counts["gateway_attempts_total"][place.endpoint, attempt.outcome] += 1.0
        if attempt.failure is not None:
            counts["gateway_failures_total"][place.endpoint, attempt.failure] += 1.0
        if attempt.first_byte_s is not None:
            values["gateway_first_byte_seconds"][timed].append(attempt.first_byte_s)
        if tokens:
            values["gateway_seconds_per_output_token"][timed].append(attempt.total_s / tokens)
        if attempt.outcome in UNJUDGED:
            return
        wasted = float(attempt.cost_usd) if replaced and attempt.outcome in REFUSALS else 0.0
        counts["gateway_reroute_cost_usd_total"][place.endpoint,] += wasted
        counts["gateway_cut_midway_total"][place.endpoint,] += attempt.outcome == "filtered" and tokens > 0
        labels = (place.model, place.operator, _topic(entry.record), _language(entry), attempt.outcome)
        counts["gateway_judged_total"][labels] += 1.0
        if _is_fault(entry.record, attempt):
            counts["gateway_refusals_total"][labels] += 1.0

    def _trial(self, entry: Entry, attempt: Tried) -> None:
        route = entry.record.decided.route if entry.record.decided else "none"
        endpoint, usd = entry.place(attempt).endpoint, float(attempt.cost_usd)
        self.counts["gateway_trial_attempts_total"][attempt.purpose, route, endpoint, attempt.outcome] += 1.0
        if usd:
            self.counts["gateway_trial_cost_usd_total"][attempt.purpose, route, endpoint] += usd

    def _money(self, attempt: Tried, labels: dict[str, Labels]) -> None:
        read, cached, _, said, reasoned, _, _ = attempt.usage
        tokens = self.counts["gateway_tokens_total"]
        if usd := float(attempt.cost_usd):
            self.counts["gateway_cost_usd_total"][labels["cost"]] += usd
        for name, count in (("input", read), ("cached_input", cached), ("output", said), ("reasoning", reasoned)):
            if count:
                tokens[labels[name]] += count
        if attempt.pieces is not None:
            images, audio_ms, characters, searches, _ = attempt.pieces
            found = {"images": images, "seconds": audio_ms / 1000, "characters": characters, "searches": searches}
            for name, number in found.items():
                if number:
                    self.counts["gateway_pieces_total"][*labels["input"][:-1], name] += number


@lru_cache(maxsize=_KEPT)
def _labels(team: str, endpoint: str, origin: str, hosting: str, permitted: bool) -> dict[str, Labels]:
    """Of what an endpoint cost a team: made once, used for every request."""
    place, told = (team, endpoint, origin, hosting), "true" if permitted else "false"
    money: dict[str, Labels] = {basis: (*place, basis, told) for basis in ("list", "effective")} | {
        "cost": (*place, told)
    }
    return money | {name: (*place, name) for name in ("input", "cached_input", "output", "reasoning")}


def _place(place: Place) -> tuple[str, str, str]:
    return place.endpoint, place.origin or "unknown", place.hosting


def _topic(record: Record) -> str:
    """The first in declared order, `none`, or `unknown`."""
    if record.decided is None:
        return "none"
    topic = record.decided.topic
    return topic if topic and not topic.isspace() else first_topic(record.decided.signals.get("topic"))


def _language(entry: Entry) -> str:
    """ISO 639-1 of those that are counted by name, else `other`."""
    spoken = entry.record.decided.signals.get("language") if entry.record.decided else None
    return (
        spoken if entry.terms is not None and isinstance(spoken, str) and spoken in entry.terms.languages else "other"
    )


def _is_fault(record: Record, attempt: Tried) -> bool:
    """True for a refusal, unless the model declined what the policy wants to be declined."""
    if attempt.outcome not in REFUSALS:
        return False
    return not (attempt.outcome == "declined" and record.decided is not None and record.decided.decline_wanted)
