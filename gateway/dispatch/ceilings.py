"""How much endpoints with `ceilings` are asked, here and by other workers and gateways. Pure: time is an argument.

Other processes' counts are as of their last exchange (`data_plane/load_exchange.py`), and nobody waits for them: each
process may fill in that second what the others have filled too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import floor

from gateway.catalog.facts import Endpoint
from gateway.catalog.rows import Ceilings
from gateway.dispatch.line import Lines, Ticket

MINUTE_S = 60.0
SOON_S = 1.0  # when one of the requests under way may have ended
YIELDING = 0.5  # share of a ceiling beyond which shadow, judge and probe find the endpoint full
# minute, requests of it and of the minute before, tokens of it and of the minute before, requests under way
Told = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Full:
    """Which ceiling an endpoint has reached, and when it is worth asking again."""

    ceiling: str  # requests_per_minute, tokens_per_minute or at_once
    most: int
    wait_s: float
    never: bool = False  # the request alone is more than it allows in a minute


@dataclass(slots=True)
class Minutes:
    """A count of this clock minute and of the one before."""

    minute: int = 0
    current: int = 0
    previous: int = 0

    def add(self, amount: int, at: float) -> None:
        """Of the minute that `at`, seconds since the epoch, falls in."""
        self.turn(int(at // MINUTE_S))
        self.current += amount

    def turn(self, minute: int) -> None:
        """Forgets what is older."""
        if minute != self.minute:
            self.previous = self.current if minute == self.minute + 1 else 0
            self.minute, self.current = minute, 0

    def join(self, other: Minutes) -> None:
        """Adds what of another's counts concerns these two minutes."""
        other.turn(self.minute)
        self.current += other.current
        self.previous += other.previous


@dataclass(slots=True)
class Load:
    """Of one endpoint."""

    requests: Minutes = field(default_factory=Minutes)
    tokens: Minutes = field(default_factory=Minutes)
    at_once: int = 0


@dataclass(slots=True)
class Seat:
    """One request's place at an endpoint, until it leaves."""

    load: Load
    freed: Callable[[], None]  # somebody may wait for it
    left: bool = False

    def used(self, tokens: int, at: float) -> None:
        """What its answer took, besides the prompt."""
        self.load.tokens.add(tokens, at)

    def leave(self) -> None:
        """Once; whatever came of it."""
        if not self.left:
            self.left = True
            self.load.at_once -= 1
            self.freed()


class Loads:
    """One a worker. Endpoints without ceilings are not counted."""

    def __init__(self) -> None:
        self._own: dict[str, Load] = {}
        self._others: dict[str, Load] = {}
        self._held: dict[int, tuple[str, Seat]] = {}  # by who is about to ask there
        self._lines = Lines()

    def full(self, endpoint: Endpoint, tokens: int, at: float, *, yields: bool = False, holder: int = 0) -> Full | None:
        """Why it takes no request of so many prompt tokens now.

        `yields`: one that goes behind callers' own; `holder`: who asks, if a seat may be held for it.
        """
        ceilings = endpoint.ceilings
        if ceilings is None:
            return None
        own, others = self._own.get(endpoint.id) or Load(), self._others.get(endpoint.id) or Load()
        share = YIELDING if yields else 1.0
        if ceilings.at_once is not None and not self._holds(holder, endpoint):
            most = max(1, floor(share * ceilings.at_once))
            if own.at_once + others.at_once >= most:
                return Full("at_once", ceilings.at_once, SOON_S)
        rates = (
            ("requests_per_minute", ceilings.requests_per_minute, (own.requests, others.requests), 1),
            ("tokens_per_minute", ceilings.tokens_per_minute, (own.tokens, others.tokens), tokens),
        )
        for name, ceiling, counts, more in rates:
            if ceiling is not None and more > ceiling:
                return Full(name, ceiling, MINUTE_S, never=True)
            if ceiling is not None and (wait_s := _wait_s(counts, share * ceiling - more, at)) > 0:
                return Full(name, ceiling, wait_s)
        return None

    def take(self, endpoint: Endpoint, tokens: int, at: float, holder: int = 0) -> Seat | None:
        """Counts one request, in the seat that is held for it if one is; None where nothing is counted."""
        if endpoint.ceilings is None:
            return None
        load = self._own.setdefault(endpoint.id, Load())
        load.requests.add(1, at)
        load.tokens.add(tokens, at)
        return self._held.pop(holder)[1] if self._holds(holder, endpoint) else self._sit(endpoint)

    def hold(self, endpoint: Endpoint, holder: int) -> None:
        """A seat, until it is taken or given back: nobody else gets it while the holder's budget is looked at."""
        if endpoint.ceilings is not None and not self._holds(holder, endpoint):
            self.give_back(holder)
            self._held[holder] = endpoint.id, self._sit(endpoint)

    def give_back(self, holder: int) -> None:
        """What is held for it, if anything is."""
        if holder in self._held:
            self._held.pop(holder)[1].leave()

    def join(self, ticket: Ticket) -> None:
        """Waits behind all who do: as seats become free each is held for the first."""
        self._lines.join(ticket)
        self._serve(each.id for each in ticket.endpoints)

    def leave(self, ticket: Ticket) -> None:
        """Waits no more."""
        self._lines.leave(ticket)

    def waiting(self) -> dict[str, int]:
        """How many wait here, by endpoint."""
        return self._lines.lengths()

    def _holds(self, holder: int, endpoint: Endpoint) -> bool:
        held = self._held.get(holder)
        return held is not None and held[0] == endpoint.id

    def _sit(self, endpoint: Endpoint) -> Seat:
        load, name = self._own.setdefault(endpoint.id, Load()), endpoint.id
        load.at_once += 1
        return Seat(load, lambda: self._serve([name]))

    def _serve(self, names: Iterable[str]) -> None:
        """Seats that have become free there go to those who have waited longest."""
        for name in names:
            while (first := self._lines.first(name)) is not None and self._has_seat(first[0]):
                endpoint, ticket = first
                self._lines.leave(ticket)
                self._held[ticket.holder] = name, self._sit(endpoint)
                ticket.called(endpoint)

    def _has_seat(self, endpoint: Endpoint) -> bool:
        most = endpoint.ceilings.at_once if endpoint.ceilings is not None else None
        return most is None or self._under_way(endpoint.id) < most

    def _under_way(self, name: str) -> int:
        return sum(loads[name].at_once for loads in (self._own, self._others) if name in loads)

    def told(self, at: float) -> dict[str, Told]:
        """What others should know: by endpoint."""
        minute = int(at // MINUTE_S)
        told: dict[str, Told] = {}
        for name, load in self._own.items():
            requests, tokens = load.requests, load.tokens
            requests.turn(minute)
            tokens.turn(minute)
            counts = (requests.current, requests.previous, tokens.current, tokens.previous, load.at_once)
            if any(counts):
                told[name] = (minute, *counts)
        return told

    def hear(self, others: Iterable[Mapping[str, Told]], at: float) -> None:
        """What each of the others has told last, all of them; what was heard before is forgotten."""
        minute = int(at // MINUTE_S)
        heard: dict[str, Load] = {}
        for told in others:
            for name, (then, *counts, at_once) in told.items():
                load = heard.setdefault(name, Load(Minutes(minute), Minutes(minute)))
                load.requests.join(Minutes(then, *counts[:2]))
                load.tokens.join(Minutes(then, *counts[2:]))
                load.at_once += at_once
        self._others = heard
        self._serve(self.waiting())

    def used_shares(self, endpoint: Endpoint, at: float) -> dict[str, float]:
        """Of each ceiling, how much of it is used: by its name."""
        ceilings = endpoint.ceilings or Ceilings()
        own, others = self._own.get(endpoint.id) or Load(), self._others.get(endpoint.id) or Load()
        used = {
            "requests_per_minute": (ceilings.requests_per_minute, _level((own.requests, others.requests), at)),
            "tokens_per_minute": (ceilings.tokens_per_minute, _level((own.tokens, others.tokens), at)),
            "at_once": (ceilings.at_once, own.at_once + others.at_once),
        }
        return {name: level / most for name, (most, level) in used.items() if most is not None}


def _sums(counts: Iterable[Minutes], at: float) -> tuple[int, int]:
    """Of this minute and of the one before."""
    current = previous = 0
    for each in counts:
        each.turn(int(at // MINUTE_S))
        current, previous = current + each.current, previous + each.previous
    return current, previous


def _level(counts: Iterable[Minutes], at: float) -> float:
    """Of the last 60 seconds: the minute before counts for what of it is not a minute ago."""
    current, previous = _sums(counts, at)
    return previous * (1.0 - at % MINUTE_S / MINUTE_S) + current


def _wait_s(counts: Iterable[Minutes], room: float, at: float) -> float:
    """Seconds until no more than `room` was counted in the last 60; 0: now. At most to the end of the minute."""
    current, previous = _sums(counts, at)
    gone_s = at % MINUTE_S
    if previous * (1.0 - gone_s / MINUTE_S) + current <= room:
        return 0.0
    if current > room or not previous:
        return MINUTE_S - gone_s
    return max(0.001, (1.0 - (room - current) / previous) * MINUTE_S - gone_s)
