"""An Outcome as the payloads of a segment: the words that were not told there yet, then its record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.outcome.answering import is_answer
from gateway.outcome.outcome import Attempt, KeptAnswer, Outcome
from gateway.policy.compiled import Policy
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.select.canary import stands
from gateway.record.journal.record import Ref
from gateway.signals.kind import first_topic
from gateway.signals.table import personal_signals
from gateway.signals.value import UNKNOWN

RECORD, PLACE, TERMS, REMOVAL, ORDER = 0, 1, 2, 3, 4  # tags of the structs in `record`
MOST_CHARS = 256  # of a text that a caller or a vendor chose
MOST_ADAPTED = 32  # names of an attempt
COUNTED_LANGUAGES = frozenset({"en", "zh"})  # by name in the metrics, whatever the policy names
_KEPT = 4096
_encode = msgspec.msgpack.Encoder().encode


class Words:
    """What one segment has been told."""

    __slots__ = ("_numbers", "fresh")

    def __init__(self) -> None:
        self._numbers: dict[object, Ref] = {}
        self.fresh: list[bytes] = []  # payloads still to be written, before the record that refers to them

    def forget(self) -> None:
        """What was `fresh` did not get into the segment: everything is told anew."""
        self._numbers.clear()
        self.fresh.clear()

    def place(self, endpoint: Endpoint) -> Ref:
        number = self._numbers.get(endpoint)
        return self._tell(endpoint, PLACE, _place(endpoint)) if number is None else number

    def terms(self, policy: Policy) -> Ref:
        number = self._numbers.get(policy)
        return self._tell(policy, TERMS, (policy.version, _languages(policy))) if number is None else number

    def removal(self, decision: Decision) -> Ref:
        key = (decision.policy.version, decision.removed_by, decision.view.frozen)
        number = self._numbers.get(key)
        if number is not None:
            return number
        endpoints = decision.policy.catalog.endpoints
        removed = tuple([(self.place(endpoints[id]), names) for id, names in explanation.removed(decision).items()])
        return self._tell(key, REMOVAL, (removed,))

    def order(self, endpoints: tuple[Endpoint, ...]) -> Ref:
        number = self._numbers.get(endpoints)
        if number is not None:
            return number
        return self._tell(endpoints, ORDER, ([self.place(endpoint) for endpoint in endpoints],))

    def _tell(self, key: object, tag: int, value: tuple[Any, ...]) -> Ref:
        number = self._numbers[key] = len(self._numbers)
        self.fresh.append(_encode((tag, number, *value)))
        return number


def payloads(outcome: Outcome, words: Words, *, beside: str = "") -> list[bytes]:
    """In the order to write; the record is the last. `beside`: shadow, judge or probe, for what no caller asked."""
    request, caller, arrival = outcome.request, outcome.caller, outcome.request.arrival
    decision = outcome.decision
    record = (
        RECORD,
        arrival.id,
        None if arrival.client_request_id is None else plain(arrival.client_request_id),
        arrival.received_at,
        outcome.ended_at,
        caller.team.id,
        caller.app,
        caller.key_id,
        request.kind,
        plain(request.model),
        request.stream,
        None if decision is None else _decided(decision, outcome, words),
        outcome.result,
        outcome.denied_by,
        outcome.cost_usd,
        outcome.baseline_list_usd,
        outcome.baseline_permitted,
        outcome.rerouted,
        outcome.overhead_s,
        outcome.total_s,
        beside,
        [_tried(attempt, words) for attempt in outcome.attempts],
        None if arrival.traceparent is None else plain(arrival.traceparent),
        arrival.started,
        outcome.passed_over,
        outcome.cache,
        None if outcome.kept is None else _kept(outcome.kept, words),
    )
    fresh = [*words.fresh, _encode(record)]
    words.fresh.clear()
    return fresh


def plain(text: str) -> str:
    """As every database takes it: cut, and without what cannot be shown (NUL, half of a surrogate pair)."""
    if len(text) <= MOST_CHARS and text.isprintable():
        return text
    return "".join([char if char.isprintable() else "\ufffd" for char in text[:MOST_CHARS]])


def _tried(attempt: Attempt, words: Words) -> tuple[Any, ...]:
    usage = attempt.usage
    pieces = (usage.images, usage.audio_ms, usage.characters, usage.searches, plain(usage.variant))
    return (
        words.place(attempt.endpoint),
        attempt.purpose,
        attempt.outcome,
        attempt.failure,
        attempt.status,
        (
            usage.input_tokens,
            usage.cached_tokens,
            usage.cache_write_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.audio_tokens,
            usage.estimated,
        ),
        attempt.cost_usd,
        attempt.price_since,
        None if attempt.finish_reason is None else plain(attempt.finish_reason),
        attempt.started,
        attempt.first_byte_s,
        attempt.total_s,
        None if attempt.peer is None else plain(attempt.peer),
        None if attempt.certificate is None else plain(attempt.certificate),
        _few(attempt.adapted) if attempt.adapted else (),
        pieces if any(pieces) else None,
    )


def _kept(kept: KeptAnswer, words: Words) -> tuple[Any, ...]:
    return words.place(kept.endpoint), kept.request_id, kept.age_s, kept.saved_usd


def _few(names: tuple[str, ...]) -> list[str]:
    """A long history may bring the same adaptation a thousand times."""
    kept = [plain(name) for name in names[:MOST_ADAPTED]]
    return [*kept, f"{len(names) - MOST_ADAPTED} more"] if len(names) > MOST_ADAPTED else kept


def _decided(decision: Decision, outcome: Outcome, words: Words) -> tuple[Any, ...]:
    view, policy, route = decision.view, decision.policy, decision.route
    signals: Mapping[str, object] = decision.signals
    model = signals.get("model")
    if isinstance(model, str) and not (len(model) <= MOST_CHARS and model.isprintable()):
        signals = {**signals, "model": plain(model)}
    topic = None
    if policy.coarse:
        topic = first_topic(signals.get("topic"))
        signals = {**signals, **{name: _coarse(signals[name]) for name in personal_signals() if name in signals}}
    canary = None
    if route.canary is not None and stands(decision):
        canary = (route.canary.name, decision.canary is not None)
    return (
        words.terms(policy),
        route.name,
        signals,
        words.removal(decision),
        words.order(decision.endpoints),
        view.at,
        view.draw,
        view.frozen,
        view.conversation,
        view.max_tokens,
        canary,
        policy.coarse,
        topic,
        _decline_wanted(decision, outcome),
    )


def _coarse(value: object) -> object:
    """Whether anything was found, and nothing else."""
    return value if value is UNKNOWN else ["any"] if value else []


def _decline_wanted(decision: Decision, outcome: Outcome) -> bool:
    """True if the policy wants the topic of this request declined; looked at only where something was."""
    if not any([attempt.outcome == "declined" for attempt in outcome.attempts]):
        return False
    topics, rules = decision.signals.get("topic"), decision.on_refusal
    known = topics if isinstance(topics, frozenset) else None
    return rules is not None and is_answer("declined", known, rules.except_topics)


@lru_cache(maxsize=_KEPT)
def _place(endpoint: Endpoint) -> tuple[Any, ...]:
    exposure = [*sorted(endpoint.exposure.known), *(() if endpoint.exposure.complete else ("unknown",))]
    return (
        endpoint.id,
        endpoint.model.id,
        endpoint.operator.id,
        endpoint.model.origin,
        exposure,
        endpoint.hosting,
        endpoint.upstream_model,
    )


@lru_cache(maxsize=16)
def _languages(policy: Policy) -> list[str]:
    clauses = chain.from_iterable(rule.when for rules in (policy.guards, policy.routes) for rule in rules)
    tests = (clause.term for clause in clauses if clause.signal == "language")
    return sorted(COUNTED_LANGUAGES.union(*(map(str, term.values) for term in tests)))
