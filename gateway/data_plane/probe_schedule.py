"""Measures the refusal map again and again, as the policy's `probe:` says, in one worker and beside all requests."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
from time import time
from typing import BinaryIO

from gateway.data_plane.build import Parts, recorder
from gateway.data_plane.worker_state import State
from gateway.pipeline import Gateway
from gateway.policy.rules import Probe
from gateway.probe.plan import Plan, plan
from gateway.probe.questions import LANGUAGES, MALICIOUS, TOPICS, questions
from gateway.probe.run import Asking
from gateway.threads import PLANS

LOOK_S = 5.0
_log = logging.getLogger("gateway")


class Schedule:
    """One a worker; only the worker that holds the lock in the state folder asks."""

    def __init__(self, state: State, parts: Parts):
        self._state = state
        self._parts = parts
        self._folder = state.settings.state_dir
        self._lock: BinaryIO | None = None

    async def forever(self) -> None:
        """Until cancelled. A probe that is cut short is not taken up again before its next time."""
        while True:
            await asyncio.sleep(LOOK_S)
            gateway = self._state.gateway
            wanted = gateway.policy.probe
            if wanted is not None and self._holds_lock() and self._is_time(wanted):
                (self._folder / "probed").touch()
                await self._probe(gateway, wanted)

    async def _probe(self, gateway: Gateway, wanted: Probe) -> None:
        planned = await PLANS.run(_plan, None, gateway, wanted)
        record = recorder(self._parts.journal, "probe", self._parts.before)
        asking = Asking(lambda: self._state.gateway, planned, wanted.usd, record=record, done=lambda: None)
        await self._until_called_off(asking)
        found = asking.found
        said = "the probe asked %d questions for %s USD and left out %d"
        _log.info(said, len(found.seen), found.spent_usd, found.left_out)

    async def _until_called_off(self, asking: Asking) -> None:
        """A policy without `probe:` ends the probe that runs."""
        asked = asyncio.ensure_future(asking.all())
        try:
            while not asked.done() and self._state.gateway.policy.probe is not None:
                await asyncio.wait([asked], timeout=LOOK_S)
        finally:
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asked

    def _holds_lock(self) -> bool:
        """Held until the process ends."""
        if self._lock is None:
            lock = open(self._folder / "probe.lock", "wb")  # noqa: SIM115 - kept open: closing it would unlock it
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return False
            self._lock = lock
        return True

    def _is_time(self, wanted: Probe) -> bool:
        try:
            last = (self._folder / "probed").stat().st_mtime
        except FileNotFoundError:
            return True
        return time() - last >= wanted.every_s


def _plan(gateway: Gateway, wanted: Probe) -> Plan:
    return plan(
        gateway,
        gateway.keyring.teams[wanted.team],
        endpoints=[endpoint for endpoint in gateway.policy.endpoints if "chat" in endpoint.kinds],
        questions=questions(topics=[topic for topic in TOPICS if topic != MALICIOUS], languages=LANGUAGES),
        repeat=1,
        max_tokens=None,
        at=time(),
    )
