"""Ends attempts that are under way when a freeze stops their endpoint: at once, in whatever they wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
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
    _waiting: asyncio.Task[object] | None = None

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Around what may take time. Raises UpstreamFault `stopped`, also if it was told before."""
        self._check()
        task = self._waiting = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError:
            if self.why is None or task is None or task.uncancel() > 0:
                raise  # the caller left
            self._check()
        finally:
            self._waiting = None

    def tell(self, why: str) -> None:
        """Once."""
        if self.why is None:
            self.why = why
            if self._waiting is not None:
                self._waiting.cancel()

    def _check(self) -> None:
        if self.why is not None:
            raise UpstreamFault("stopped", self.why)


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
