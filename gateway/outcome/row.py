"""A ledger row as reports, replay and estimates read it: ours, or one of another maker that holds less. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from gateway.catalog.prices import Usage
from gateway.signals.table import EFFORTS, TOPICS

SERVING = frozenset({"serve", "canary"})  # purposes whose cost is the request's
MEASURING = frozenset({"shadow", "judge", "probe"})
OWN_ROWS = frozenset({"judge", "probe"})  # those with rows of their own, whose key has their name
# Signals of a judge's row: whose reply it judged, what the detector and what the judge called it.
JUDGED_ENDPOINT, JUDGED_BY_DETECTOR, JUDGED_AS = "judged_endpoint", "judged_by_detector", "judged_as"
# Signals of a shadow's row: whose copy it is, and what the caller was served.
SHADOW_OF, SHADOW_OF_ENDPOINT, SHADOW_OF_OUTCOME = "shadow_of", "shadow_of_endpoint", "shadow_of_outcome"
SHADOW_OF_INPUT, SHADOW_OF_OUTPUT = "shadow_of_input_tokens", "shadow_of_output_tokens"
REFUSALS = ("declined", "evaded", "filtered", "blank")
UNJUDGED = frozenset({"failed", "left", "denied"})
_EFFORTS = frozenset((*EFFORTS, "default"))
_NOTHING = Decimal(0)


_NO_TOKENS = Usage()


class Tried(msgspec.Struct, frozen=True):
    """One attempt."""

    endpoint: str
    outcome: str
    purpose: str = "serve"
    cost_usd: Decimal | None = None
    usage: Usage | None = None
    first_byte_s: float | None = None
    total_s: float | None = None

    @property
    def tokens(self) -> Usage:
        return self.usage or _NO_TOKENS


class Row(msgspec.Struct, frozen=True):
    """One request with its attempts."""

    request_id: str
    at: datetime
    outcome: str
    team: str | None = None
    app: str | None = None
    key_id: str | None = None
    route: str | None = None
    policy_version: str | None = None
    signals: dict[str, Any] = {}
    removed: dict[str, list[str]] | None = None
    attempts: tuple[Tried, ...] = ()
    denied_by: str | None = None
    ended_at: datetime | None = None
    view: dict[str, Any] | None = None
    baseline_list_usd: Decimal | None = None  # as it was settled
    baseline_permitted: bool | None = None  # the same; None: the row does not say
    baseline_effective_usd: float | None = None  # as it was priced when it was taken in; None: it was not
    baseline_effective_errors_usd: list[float] = []  # of that: of tokens, of how often it answers, of its own
    rules_usd: dict[
        str, Any
    ] = {}  # what guards cost it then: `marginal` and `alone` by guard, `all`; empty: not priced
    cache: str | None = None  # hit or miss, where the route keeps answers
    cache_saved_usd: Decimal | None = None  # what the answer had cost that was given again

    @property
    def received_at(self) -> float:
        """Seconds since the epoch."""
        return _seconds(self.at)

    @property
    def served(self) -> tuple[Tried, ...]:
        """The attempts whose cost is the request's."""
        return tuple([attempt for attempt in self.attempts if attempt.purpose in SERVING])

    @property
    def last(self) -> Tried | None:
        """The last serving attempt: a request and its answer belong to it."""
        served = self.served
        return served[-1] if served else None

    @property
    def is_measurement(self) -> bool:
        """Made by a probe, a judge or a shadow, for no caller: it is no request of anybody."""
        if self.shadowed is not None:
            return True
        if not self.attempts:
            return self.key_id in OWN_ROWS
        return all([attempt.purpose in OWN_ROWS for attempt in self.attempts])

    @property
    def shadowed(self) -> Tried | None:
        """Of a shadow's own row: what served the request that it is a copy of."""
        signals = self.signals
        if SHADOW_OF not in signals:
            return None
        read, said = signals.get(SHADOW_OF_INPUT, 0), signals.get(SHADOW_OF_OUTPUT, 0)
        usage = Usage(input_tokens=read, output_tokens=said)
        return Tried(signals.get(SHADOW_OF_ENDPOINT, ""), signals.get(SHADOW_OF_OUTCOME, ""), usage=usage)

    @property
    def is_kept_answer(self) -> bool:
        """The caller was given an answer again that was kept: nobody was asked."""
        return self.cache == "hit"

    @property
    def trial(self) -> tuple[str, bool] | None:
        """The canary that the request could be drawn for, and whether it was."""
        canary = (self.view or {}).get("canary")
        return (str(canary["trial"]), bool(canary["drawn"])) if canary else None

    @property
    def cost_usd(self) -> Decimal:
        return sum((attempt.cost_usd or _NOTHING for attempt in self.served), _NOTHING)

    @property
    def measuring_usd(self) -> Decimal:
        """What shadow, judge and probe cost."""
        costs = (attempt.cost_usd or _NOTHING for attempt in self.attempts if attempt.purpose in MEASURING)
        return sum(costs, _NOTHING)

    @property
    def topics(self) -> frozenset[str] | None:
        """None if they are unknown."""
        written = self.signals.get("topic", [])
        return frozenset(written) if isinstance(written, list) else None

    @property
    def topic(self) -> str:
        """The first in declared order, `none`, or `unknown`."""
        topics = self.topics
        if topics is None:
            return "unknown"
        return next((topic for topic in TOPICS if topic in topics), "none")

    @property
    def language(self) -> str:
        """As it was measured; `other` where it was not."""
        language = self.signals.get("language")
        return language if isinstance(language, str) and language != "unknown" else "other"

    @property
    def effort(self) -> str:
        effort = self.signals.get("effort")
        return effort if effort in _EFFORTS else "default"

    @property
    def key(self) -> str:
        """Whose word it is: the key, or what is known of it."""
        return self.key_id or f"{self.team or ''}/{self.app or ''}"

    @property
    def ended(self) -> float:
        """Seconds since the epoch; when it was received, where the row does not say."""
        return _seconds(self.ended_at or self.at)

    def priced_at(self, attempt: Tried) -> float:
        """When a serving attempt was priced: at its end."""
        if self.ended_at is not None:
            return _seconds(self.ended_at)
        served = self.served
        return self.received_at + sum(each.total_s or 0.0 for each in served[: served.index(attempt) + 1])


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_decoder = msgspec.json.Decoder(Row)


def read_line(line: bytes | str) -> Row:
    """One line of JSON. Raises msgspec.ValidationError or msgspec.DecodeError, saying where."""
    return _decoder.decode(line)


def read_row(row: Mapping[str, Any]) -> Row:
    """A row as `record` hands it out."""
    return msgspec.convert(row, Row)
