"""What has happened to one request so far; its Outcome is made from this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from gateway.errors import GatewayError
from gateway.identity import Account, Caller
from gateway.outcome.outcome import Attempt, KeptAnswer, Looked
from gateway.outcome.reading import Reading
from gateway.policy.decision import Decision
from gateway.request import Fields, Request
from gateway.signals.value import Signals, Value


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request names of what a vendor keeps."""

    endpoint: str  # that keeps all of it
    fields: Fields  # those that name it, with the vendor's own ids


@dataclass(slots=True)
class Keeping:
    """What was handed to the caller, as far as it is worth keeping."""

    name: bytes  # under which it would be kept
    most_bytes: int
    parts: list[bytes] = field(default_factory=list)
    size: int = 0  # of all that was handed on
    whole: bool = False  # all of it was handed on

    def add(self, chunk: bytes) -> None:
        """More of it; of one that is too long nothing is kept."""
        self.size += len(chunk)
        if self.size <= self.most_bytes:
            self.parts.append(chunk)
        else:
            self.parts.clear()


@dataclass(slots=True)
class RequestState:
    """Grows while the request is served. Times are monotonic seconds."""

    request: Request
    caller: Caller
    decision: Decision
    attempts: list[Attempt] = field(default_factory=list)
    rerouted: list[tuple[str, str, str]] = field(default_factory=list)  # (from endpoint, to endpoint, reason)
    charged: set[Account] = field(default_factory=set)  # budgets of places that something may be set aside of
    short: dict[Account, tuple[Decimal, GatewayError]] = field(default_factory=dict)  # that did not reach
    reservations: int = 0  # of the caller's budgets, one an attempt; one that was not answered counts
    held_usd: Decimal = Decimal(0)  # cost so far of a reply that may still be replaced, which is no attempt yet
    asked_at: float | None = None  # the first upstream was asked
    late: list[Awaitable[None]] = field(default_factory=list)  # usages that are still on their way
    heard_at: float | None = None  # the last byte of an upstream came
    replies: list[tuple[Attempt, Reading]] = field(default_factory=list)  # where the policy has an LLM judge
    topic: Value = None  # of the prompt, where no decision read it; None until it is measured
    late_signals: Signals = field(default_factory=dict)  # recorded, though no decision read them; empty until measured
    measuring: Callable[[], Awaitable[None]] | None = None  # until the topic is there, for whom it is worth waiting
    uncounted: GatewayError | None = None  # the caller's budgets are out of reach
    claim: Claim | None = None  # it goes nowhere but to that endpoint
    left_out: tuple[str, ...] = ()  # what it asked for that nobody has who may serve it, as `adapted` names it
    tuned: dict[str, Any] = field(default_factory=dict)  # by endpoint: the request as its parameters change it
    adapted: tuple[str, ...] = ()  # what was put in another form for the endpoint whose reply is handed out, by name
    failed_replicas: dict[str, list[int]] = field(default_factory=dict)  # by endpoint: numbers that were asked in vain
    passed_over: dict[str, str] = field(default_factory=dict)  # by endpoint: its ceiling, or the budget, that is full
    cache: Looked = ""
    kept: KeptAnswer | None = None  # what the caller is given again
    keeping: Keeping | None = None  # where the answer to it may be kept
    ordinary: bool = False  # the last reply ended as it should: not at a limit, nor by a word of the vendor's
    rates: tuple[tuple[str, int, int], ...] = ()  # of its team: requests or tokens, how many a minute, how many left
    refused_by: str | None = None  # a budget or rate limit that stopped it here: `budget`, `rate`

    async def catch_up(self) -> None:
        """Returns when every usage that is still on its way has come, or has been waited for long enough."""
        for usage in self.late:
            await usage
        self.late.clear()

    @property
    def deadline(self) -> float:
        """Until when the last byte must have reached the caller."""
        return self.request.arrival.started + self.decision.route.limits.total_s

    @property
    def recorded(self) -> Decision:
        """The decision with the signals that came after it."""
        late = self.late_signals
        return replace(self.decision, signals={**self.decision.signals, **late}) if late else self.decision

    @property
    def prompt_tokens(self) -> int:
        """Estimated tokens of the prompt."""
        tokens = self.decision.signals.get("tokens")
        return tokens if isinstance(tokens, int) else 0
