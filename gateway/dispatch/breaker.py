"""Keeps requests away from an endpoint that keeps failing, or that asked us to wait. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass

FAILURES_TO_OPEN = 4  # in a row
REST_S = 10.0
LONGEST_REST_S = 300.0  # a longer Retry-After is not obeyed for longer than this


@dataclass(slots=True)
class Breaker:
    """Opens after FAILURES_TO_OPEN failures in a row for REST_S seconds; then lets one request at a time try."""

    failures: int = 0
    rests_until: float | None = None  # monotonic seconds; None: closed
    trying: bool = False  # one request is on its way after a rest

    def allows(self, at: float) -> bool:
        """False while resting, and while the one trial after a rest is under way."""
        return self.rests_until is None or (at >= self.rests_until and not self.trying)

    def begins(self, at: float) -> None:
        """A request is sent."""
        if self.rests_until is not None and at >= self.rests_until:
            self.trying = True

    def succeeded(self) -> None:
        """An answer came, whatever it says."""
        self.failures, self.rests_until, self.trying = 0, None, False

    def failed(self, at: float) -> None:
        """A fault of the endpoint."""
        self.failures += 1
        if self.trying or self.failures >= FAILURES_TO_OPEN:
            self.rests_until = at + REST_S
        self.trying = False

    def rest(self, at: float, seconds: float) -> None:
        """The endpoint said when to come back."""
        self.rests_until = max(self.rests_until or 0.0, at + min(seconds, LONGEST_REST_S))
        self.trying = False

    def released(self) -> None:
        """A request ended without telling us anything: the caller left, or the request itself was at fault."""
        self.trying = False

    def rest_left_s(self, at: float) -> float:
        """Seconds until a request may try again; 0 if it may now."""
        return max(0.0, self.rests_until - at) if self.rests_until is not None else 0.0


class Breakers:
    """One breaker an endpoint, kept over reloads."""

    def __init__(self) -> None:
        self._by_id: dict[str, Breaker] = {}

    def of(self, endpoint_id: str) -> Breaker:
        """The endpoint's breaker, made when first asked for."""
        breaker = self._by_id.get(endpoint_id)
        if breaker is None:
            breaker = self._by_id[endpoint_id] = Breaker()
        return breaker

    def open_ids(self, at: float) -> list[str]:
        """Endpoints that are resting."""
        return [id for id, breaker in self._by_id.items() if not breaker.allows(at)]
