"""The law of the line: seats and line never hold more than they may, nothing is lost, first come is first served."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.rows import Ceilings
from gateway.dispatch.ceilings import Loads
from gateway.dispatch.waiting import seat_at
from gateway.errors import GatewayError

NOON = 1_795_176_000.0
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "ask", "end", "left", "spent", "exchange"]), st.integers(0, 40)),
    max_size=60,
)


def trail() -> Any:
    return SimpleNamespace(deadline=float("inf"), asked_at=None, refused_by=None)


class World:
    """One worker, one endpoint, and everybody who asks there."""

    def __init__(self, at_once: int, queue: int):
        self.loads = Loads()
        self.at_once, self.queue, self.others = at_once, queue, 0
        ceilings = Ceilings(at_once=at_once, queue=queue, queue_s=3600.0)
        self.endpoint: Any = SimpleNamespace(id="m@x", ceilings=ceilings)
        self.seats: list[Any] = []  # of requests under way
        self.line: list[tuple[Any, asyncio.Task[Any]]] = []  # in the order in which they came
        self.known: list[Any] = []  # an id is used once

    async def ask(self, number: int) -> None:
        if self.loads.full(self.endpoint, 1, NOON) is None:
            assert not self.line, "nobody passes those who wait"
            self.loads.hold(self.endpoint, number + 1)
            self.seats.append(self.loads.take(self.endpoint, 1, NOON, number + 1))
            return
        who = trail()
        self.known.append(who)
        task = asyncio.ensure_future(seat_at([self.endpoint], who, self.loads))
        await asyncio.sleep(0)
        if len(self.line) < self.queue:
            self.line.append((who, task))
            return
        wrong = task.exception()
        assert isinstance(wrong, GatewayError) and (wrong.status, wrong.retry_after_s) == (503, 3600.0)
        assert who.refused_by == "queue"

    async def end(self, number: int) -> None:
        if self.seats:
            self.seats.pop(number % len(self.seats)).leave()

    async def left(self, number: int) -> None:
        """A caller goes, perhaps in the moment in which its turn comes."""
        if self.line:
            if number % 2:
                await self.end(number)
            self.line.pop(number % len(self.line))[1].cancel()

    async def spent(self, number: int) -> None:
        """Its turn has come, and its budget does not reach."""
        if self.line and self.seats and not self.others:
            await self.end(number)
            self.loads.give_back(id(self.line.pop(0)[0]))

    async def exchange(self, number: int) -> None:
        self.others = number % (self.at_once + 1)
        self.loads.hear([{"m@x": (int(NOON // 60), 0, 0, 0, 0, self.others)}], NOON)

    async def settle(self) -> None:
        """Those whose turn has come are the first of the line, and sit down."""
        for _ in range(4):
            await asyncio.sleep(0)
        done = [task.done() for _, task in self.line]
        assert done == sorted(done, reverse=True), "first come, first served"
        while self.line and self.line[0][1].done():
            who, task = self.line.pop(0)
            assert task.result() is self.endpoint
            assert self.loads.full(self.endpoint, 1, NOON, holder=id(who)) is None
            self.seats.append(self.loads.take(self.endpoint, 1, NOON, id(who)))
        assert len(self.seats) <= self.at_once, "no seat is given twice"
        assert self.loads.waiting().get("m@x", 0) == len(self.line) <= self.queue
        assert not self.line or len(self.seats) + self.others >= self.at_once, "nobody waits beside a free seat"


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 3), st.integers(1, 4))
def test_seats_and_line_are_bounded_and_whoever_came_first_is_served_first(steps, at_once, queue):
    async def run() -> None:
        world = World(at_once, queue)
        for what, number in steps:
            await getattr(world, what)(number)
            await world.settle()
        world.loads.hear([], NOON)
        world.others = 0
        await world.settle()
        while world.seats:
            await world.end(0)
            await world.settle()
        assert not world.line and not world.loads.waiting() and not world.loads._held
        assert world.loads.used_shares(world.endpoint, NOON) == {"at_once": 0.0}

    asyncio.run(run())


def test_who_waits_in_vain_is_told_when_to_come_back_and_leaves_nothing_behind():
    async def run() -> None:
        loads, who = Loads(), trail()
        endpoint: Any = SimpleNamespace(id="m@x", ceilings=Ceilings(at_once=1, queue=2, queue_s=0.01))
        seat = loads.take(endpoint, 1, NOON)
        try:
            await seat_at([endpoint], who, loads)
        except GatewayError as wrong:
            assert (wrong.code, wrong.retry_after_s, who.refused_by) == ("overloaded", 0.01, "queue")
        else:
            raise AssertionError("there was a seat")
        assert not loads.waiting()
        assert seat is not None
        seat.leave()
        assert loads.full(endpoint, 1, NOON) is None

    asyncio.run(run())
