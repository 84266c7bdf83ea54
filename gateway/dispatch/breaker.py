"""Keeps requests away from an endpoint that keeps failing, or that asked us to wait. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.dispatch.ceilings import Seat

FAILURES_TO_OPEN = 4  # in a row
REST_S = 10.0
LONGEST_REST_S = 300.0  # a longer Retry-After is not obeyed for longer than this
TRIAL_S = 1.0  # when to look again while the one trial after a rest is under way


@dataclass(slots=True)
class Breaker:
    """Opens after FAILURES_TO_OPEN failures in a row for REST_S seconds; then lets one request at a time try.

    A rest that the endpoint asked for just ends. Asked for once it may have been meant for one request alone, which was
    too large for a limit, say: a request that has nobody else may still ask, one at a time, until one of these is told
    the same.
    """

    failures: int = 0
    rests_until: float | None = None  # monotonic seconds; None: closed
    trying: bool = False  # one request is on its way after a rest
    limited: bool = False  # the rest was asked for because a rate limit was reached
    unsure: bool = False  # the rest was asked for, and by no answer to a request that had nobody else

    def allows(self, at: float) -> bool:
        """False while resting, and while the one trial after a rest is under way."""
        return self.rests_until is None or (at >= self.rests_until and not self.trying)

    def allows_alone(self, at: float) -> bool:
        """Whether a request that nobody else can serve may ask in spite of a rest."""
        return self.unsure and not self.trying and self.rest_left_s(at) > 0.0

    def wait_s(self, at: float) -> float:
        """Seconds until it is worth asking again; 0 if it is allowed now."""
        if self.allows(at):
            return 0.0
        return self.rest_left_s(at) or TRIAL_S

    def rest_left_s(self, at: float) -> float:
        """Seconds of its rest; 0 once a request may try again."""
        return max(0.0, self.rests_until - at) if self.rests_until is not None else 0.0


@dataclass(slots=True)
class Turn:
    """One request's turn at an endpoint. How it went is told once; after that nothing counts."""

    breaker: Breaker
    trial: bool  # it is the one that finds out, after a rest or in spite of it
    over: bool = False
    seat: Seat | None = None  # at an endpoint with ceilings: left when the turn is over, however it went

    def began(self) -> None:
        """A stream opened. Others may ask again, but only its end is a success: until then one failure is enough."""
        if self.trial and not self.over:
            breaker, self.trial = self.breaker, False
            breaker.rests_until, breaker.trying, breaker.unsure = None, False, False
            breaker.failures = FAILURES_TO_OPEN - 1

    def succeeded(self) -> None:
        """A reply came to its end, whatever it says. A rest that began meanwhile goes on."""
        if self._ends():
            self.breaker.failures = 0
            if self.trial:
                self.breaker.rests_until, self.breaker.unsure = None, False

    def failed(self, at: float) -> None:
        """A fault of the endpoint."""
        if self._ends():
            breaker = self.breaker
            breaker.failures += 1
            if self.trial or breaker.failures >= FAILURES_TO_OPEN:
                breaker.limited = breaker.unsure = False
                breaker.rests_until = max(breaker.rests_until or 0.0, at + REST_S)

    def put_off(self, at: float, seconds: float, *, limited: bool = False) -> None:
        """The endpoint said when to come back; `limited`: for a rate limit was reached."""
        if self._ends():
            breaker = self.breaker
            breaker.limited = limited
            breaker.unsure = not self.trial and (breaker.unsure or breaker.rests_until is None)
            breaker.rests_until = max(breaker.rests_until or 0.0, at + min(seconds, LONGEST_REST_S))

    def released(self) -> None:
        """It ended without telling us anything: the caller left, or the request itself was at fault."""
        self._ends()

    def _ends(self) -> bool:
        """True the first time."""
        if self.over:
            return False
        self.over = True
        if self.seat is not None:
            self.seat.leave()
        if self.trial:
            self.breaker.trying = False
        return True


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

    def turn(self, endpoint_id: str, at: float) -> Turn:
        """For a request that is sent now: after failures and a rest, or in spite of one, it is the one trial."""
        breaker = self.of(endpoint_id)
        rested = breaker.rests_until is not None and at >= breaker.rests_until and not breaker.trying
        trial = (rested and breaker.failures >= FAILURES_TO_OPEN) or breaker.allows_alone(at)
        if trial:
            breaker.trying = True
        elif rested:
            breaker.rests_until = None
        return Turn(breaker, trial)

    def open_ids(self, at: float) -> list[str]:
        """Endpoints that are resting, whole or with one of several replicas."""
        resting = [id.partition(" ")[0] for id, breaker in self._by_id.items() if not breaker.allows(at)]
        return list(dict.fromkeys(resting))
