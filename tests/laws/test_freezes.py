"""Freezes of several places become the same in any order; with one in force no byte goes there, whatever happens."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.background.llm_judge import SecondJudge
from gateway.background.shadowing import Shadows
from gateway.data_plane.freezes import FreezeFollower, Freezes
from gateway.dispatch.affordable import expected_usd, worst_case_usd
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.conversations import Conversations
from gateway.dispatch.dispatch import DispatchContext
from gateway.dispatch.stopping import Running
from gateway.estimates import PRIORS
from gateway.limits.memory import MemoryAccounts
from gateway.limits.reservations import Admission
from gateway.pipeline import Gateway
from gateway.policy.freeze import (
    UNREAD,
    Freeze,
    Lift,
    Row,
    Rows,
    by_key,
    freeze_mask,
    merged,
    parsed,
    selectors,
    standing,
    written,
)
from gateway.policy.in_force import InForce
from gateway.processes import freeze_file, freezing
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client
from tests.laws.test_no_byte_without_a_permit import Beside, Vendors, folder, one
from tests.laws.test_no_byte_without_a_permit import written as guards

IDS = ("m-cn@o1", "m-us@o2", "m-de@o3")
FACTS = {"m-cn@o1": ("CN", "CN", True), "m-us@o2": ("US", "US", False), "m-de@o3": ("DE", "DE", False)}
BESIDE = Beside("m-us@o2", "m-cn@o1", 100, "internal", ("shadow",))
TARGETS = (("endpoint", "m-cn@o1"), ("operator", "o2"), ("origin", "DE"), ("lineage", "US"), ("exposure", "CN"))

ROWS = st.lists(
    st.one_of(
        st.builds(
            Freeze,
            st.sampled_from("abcd"),
            st.sampled_from(["operator", "origin"]),
            st.sampled_from(["x", "y"]),
            st.integers(0, 9).map(float),
            st.sampled_from(["ann", "bob"]),
            st.booleans(),
        ),
        st.builds(Lift, st.sampled_from("abcd"), st.integers(0, 9).map(float), st.sampled_from(["ann", "bob"])),
    ),
    max_size=8,
)


@given(ROWS, ROWS, ROWS)
def test_what_places_know_is_put_together_in_any_order_and_a_lift_wins(a, b, c):
    one_, two, three = by_key(a), by_key(b), by_key(c)

    together = merged(one_, two, three)

    assert together == merged(three, merged(two, one_)) == merged(together, one_, together)
    assert together.keys() == one_.keys() | two.keys() | three.keys()
    lifted = {row.id for row in (*a, *b, *c) if isinstance(row, Lift)}
    frozen = {row.id for row in (*a, *b, *c) if isinstance(row, Freeze)}
    assert {row.id for row in standing(together)} == frozen - lifted


@given(ROWS, st.lists(st.binary(max_size=30), max_size=2))
@settings(max_examples=40)
def test_the_file_gives_back_what_was_added_and_keeps_what_it_cannot_read(rows, noise):
    noise = [line for line in (bytes(each).replace(b"\n", b"").replace(b"\r", b"") for each in noise) if line.strip()]
    noise = [line for line in noise if len(line.splitlines()) == 1 and parsed(line) is None]
    with tempfile.TemporaryDirectory() as place:
        state = Path(place)
        (state / freeze_file.NAME).write_bytes(b"".join(line + b"\n" for line in noise))
        for row in rows:
            freeze_file.add(state, by_key([row]))

        content = freeze_file.read(state)

    assert content.rows.keys() == by_key(rows).keys()
    assert [line for _, line in content.damaged] == noise


class Meeting:
    """A Redis that may be away, and may forget."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.away = False

    async def exchange(self, rows: Rows) -> tuple[Rows, int]:
        if self.away:
            raise OSError("away")
        self.rows = merged(self.rows, rows)
        return self.rows, 0

    async def close(self) -> None:
        return None


@dataclass
class Holding(Vendors):
    """Those in `holding` take a request and say nothing; `kept` are waiting still."""

    holding: set[str] = field(default_factory=set)
    kept: list[str] = field(default_factory=list)

    async def serve(self, id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if id not in self.holding:
            return await super().serve(id, reader, writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            self.asked.append(id)
            self.kept.append(id)
            while await reader.read(65536):
                pass
        self.kept.remove(id)
        writer.close()
        return None


class Worker:
    """What a worker process holds; a restart makes another on the same state folder."""

    def __init__(self, state_dir: Path, meeting: Meeting, vendors: Holding, rules: Sequence[object]):
        self.freezes = Freezes(state_dir, meeting, reached=lambda up: None)
        self.vendors = vendors
        self.in_force = InForce(frozen=self.freezes.frozen)
        self.client, self.running = Client(), Running()
        self.shadows = Shadows(record=lambda outcome: None, dropped=lambda: None)
        self.reload(rules)
        judge = SecondJudge(lambda outcome: None)
        self.follower = FreezeFollower(
            self.freezes,
            lambda: self.gateway,
            self.swap,
            in_force=self.in_force,
            running=self.running,
            beside=(self.shadows, judge),
        )

    def swap(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def reload(self, rules: Sequence[object]) -> None:
        compiled = folder(IDS, self.vendors.ports, FACTS, guards(rules), BESIDE)
        fleet = Fleet(compiled.catalog, key_of=lambda name: None, client=self.client, in_force=self.in_force)
        admission = Admission(MemoryAccounts(lambda account, since: Decimal(0)), worst_case_usd, expected_usd)
        self.gateway = Gateway(
            compiled.policy,
            compiled.keyring,
            admission,
            DispatchContext(fleet, Breakers(), admission.admit, lambda trail: None, self.running),
            Conversations(),
            (),
            self.shadows.consider,
            None,
            late=frozenset(),
            estimates=lambda: PRIORS,
            frozen=self.in_force.frozen,
        )
        self.in_force.policy, self.in_force.teams = compiled.policy, compiled.keyring.teams
        self.shadows.serves(self.gateway)

    async def look(self) -> None:
        await self.freezes.look_at_file()
        await self.freezes.look_at_shared()
        self.follower.apply()

    def end(self) -> None:
        self.client.close()
        self.freezes.end()


STEPS = st.one_of(
    st.tuples(st.just("freeze"), st.sampled_from(TARGETS)),
    st.tuples(st.just("lift"), st.integers(0, 3)),
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("ask"), st.tuples(st.sampled_from(["auto", *IDS]), st.booleans())),
    st.tuples(st.just("begin"), st.sampled_from(IDS)),
    st.tuples(st.just("reload"), st.sampled_from([(), (({}, "never", {"hosting": "self"}),)])),
    st.tuples(st.sampled_from(["restart", "away", "back", "forget", "lose file"]), st.none()),
)


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(STEPS, min_size=3, max_size=14))
def test_with_a_freeze_in_force_no_byte_goes_there_whatever_comes_in_between(steps):
    asyncio.run(played(steps))


async def played(steps) -> None:
    """After a look, or a start, what was frozen before is asked no more, and nothing waits there still."""
    vendors = Holding(dict.fromkeys(IDS, "answer"))
    await vendors.open(IDS)
    with state_folder() as state_dir:
        play = Play(state_dir, Meeting(), vendors)
        await play.worker.look()
        try:
            for step, detail in steps:
                await getattr(play, step.replace(" ", "_"))(detail)
        finally:
            await play.end()


class Play:
    """One gateway of one worker, and what must hold of it."""

    def __init__(self, state_dir: Path, meeting: Meeting, vendors: Holding):
        self.state_dir, self.meeting, self.vendors = state_dir, meeting, vendors
        self.rules: Sequence[object] = ()
        self.worker = Worker(state_dir, meeting, vendors, ())
        self.waiting: list[asyncio.Task[None]] = []
        self.known: dict[str, Freeze] = {}  # told to this gateway, and not lifted
        self.held: dict[str, Freeze] = {}  # of these, what the worker has looked at

    async def freeze(self, what) -> None:
        [row] = freezing.freeze(self.state_dir, [what], by="law", via="command")
        self.known[row.id] = row

    async def lift(self, which: int) -> None:
        for row in sorted(self.known.values(), key=lambda each: each.id)[which : which + 1]:
            freezing.lift(self.state_dir, [row], by="law", via="command")
            del self.known[row.id]
            self.held.pop(row.id, None)  # it may be over at any time now

    async def look(self, _) -> None:
        await self.worker.look()
        self.held = dict(self.known)
        await asyncio.sleep(0.03)
        assert not set(self.vendors.kept) & stopped(self.worker, self.held)

    async def restart(self, _) -> None:
        """What a process had under way ends with it."""
        await self.leave()
        self.worker.end()
        self.worker = Worker(self.state_dir, self.meeting, self.vendors, self.rules)
        await self.look(None)

    async def reload(self, rules) -> None:
        self.rules = rules
        self.worker.reload(rules)

    async def begin(self, id: str) -> None:
        """A request that nobody answers."""
        self.vendors.holding = {id}
        self.waiting.append(asyncio.ensure_future(one(self.worker.gateway, id, stream=False)))
        await asyncio.sleep(0.03)
        self.vendors.holding = set()

    async def ask(self, wanted: tuple[str, bool]) -> None:
        """And its shadow's copy."""
        before = len(self.vendors.asked)
        await one(self.worker.gateway, wanted[0], stream=wanted[1])
        while self.worker.shadows.running:
            await asyncio.wait(self.worker.shadows.running)
        assert not set(self.vendors.asked[before:]) & stopped(self.worker, self.held)

    async def away(self, _) -> None:
        self.meeting.away = True

    async def back(self, _) -> None:
        self.meeting.away = False

    async def forget(self, _) -> None:
        self.meeting.rows = {}

    async def lose_file(self, _) -> None:
        if self.known.keys() <= self.held.keys():  # the worker's memory has all of it
            (self.state_dir / freeze_file.NAME).unlink(missing_ok=True)
            await self.worker.look()

    async def leave(self) -> None:
        for task in self.waiting:
            task.cancel()
        await asyncio.gather(*self.waiting, return_exceptions=True)
        self.waiting.clear()

    async def end(self) -> None:
        await self.leave()
        self.worker.end()
        self.vendors.close()


def stopped(worker: Worker, held: dict[str, Freeze]) -> set[str]:
    policy = worker.gateway.policy
    bits = freeze_mask(policy, selectors(held.values()))
    return {endpoint.id for endpoint in policy.endpoints if bits >> endpoint.index & 1}


@contextmanager
def state_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


@given(st.lists(st.booleans(), min_size=1, max_size=6))
@settings(max_examples=20)
def test_a_worker_that_cannot_read_all_at_its_start_lets_nothing_through_until_it_can(mends):
    with state_folder() as state_dir:
        file = state_dir / freeze_file.NAME
        file.write_bytes(b"{broken\n")
        freezes = Freezes(state_dir, None, reached=lambda up: None)
        assert freezes.frozen == (UNREAD,)
        known = False
        for mended in mends:
            rows: list[Row] = [Freeze("f", "operator", "x", 1.0, "ann")]
            file.write_bytes(written(rows[0]) + b"\n" + (b"" if mended else b"{broken\n"))
            asyncio.run(freezes.look_at_file())
            known = known or mended
            assert freezes.frozen == (() if known else (UNREAD,)) + (("operator", "x"),)
            assert (freezes.problem is None) == mended
        freezes.end()
