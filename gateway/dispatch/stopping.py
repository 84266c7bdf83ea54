"""Ends attempts that are under way when a freeze stops their endpoint: at once, in whatever they wait for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from gateway.policy.freeze import Frozen, named
from gateway.policy.permit import Permit
from gateway.upstreams.fault import UpstreamFault

_FOR_CALLERS = frozenset({"serve", "canary"})


class Stoppable(Protocol):
    """An attempt, as far as stopping it needs it."""

    permit: Permit
    committed: bool
    stop: Stop

    def close(self) -> None:
        """Cuts the upstream off."""


@dataclass(slots=True)
class Stop:
    """What an attempt is told by: `why` stands from then on, and who waits for it is woken by UpstreamFault."""

    why: str | None = None
    waiting: asyncio.Task[object] | None = None  # who is in `heard`

    def heard(self) -> _Heard:
        """Around what may take time. Raises UpstreamFault `stopped`, also if it was told before."""
        return _Heard(self)

    def tell(self, why: str) -> None:
        """Once."""
        if self.why is None:
            self.why = why
            if self.waiting is not None:
                self.waiting.cancel()

    def check(self) -> None:
        """Raises UpstreamFault once it was told."""
        if self.why is not None:
            raise UpstreamFault("stopped", self.why)


@dataclass(slots=True)
class _Heard:
    """What `Stop.heard` gives; a class, because every attempt makes one or two and a generator takes thrice as long."""

    _stop: Stop

    def __enter__(self) -> None:
        self._stop.check()
        self._stop.waiting = asyncio.current_task()

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, trace: object) -> None:
        task, self._stop.waiting = self._stop.waiting, None
        if isinstance(wrong, asyncio.CancelledError):
            if self._stop.why is None or task is None or task.uncancel() > 0:
                return  # the caller left
            self._stop.check()


@dataclass(slots=True)
class Running:
    """The attempts that are under way in this worker."""

    attempts: set[Stoppable] = field(default_factory=set)

    def stop(self, frozen: Frozen, aborting: Frozen) -> int:
        """Ends those that `frozen` stops; what callers have a part of already, only by `aborting`. How many."""
        count = 0
        for attempt in tuple(self.attempts):
            goes_on = attempt.committed and attempt.permit.purpose in _FOR_CALLERS
            endpoint, policy = attempt.permit.endpoint, attempt.permit.decision.policy
            names = named(policy, aborting if goes_on else frozen, endpoint)
            if names and attempt.stop.why is None:
                attempt.stop.tell(f"an administrator has stopped {endpoint.id}: {', '.join(names)}")
                attempt.close()
                count += 1
        return count
