"""What is learned from the ledger, for what the console works out."""

from __future__ import annotations

import asyncio
from typing import Protocol

from gateway.app.learning import Learner
from gateway.control.ledger import Ledger
from gateway.control.served import Served
from gateway.errors import GatewayError
from gateway.estimates import PRIORS, Snapshot

LOOK_S = 0.5


class Beside(Protocol):
    """What runs beside the pages."""

    async def forever(self) -> None:
        """Until cancelled."""
        ...


class Learning:
    """Begins when there are a policy and a ledger."""

    def __init__(self, ledger: Ledger, served: Served):
        self._ledger = ledger
        self._served = served
        self._learner: Learner | None = None

    def snapshot(self) -> Snapshot:
        """By now."""
        return self._learner.snapshot if self._learner is not None else PRIORS

    async def forever(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    policy = self._served.compiled.policy
                    if self._learner is None:
                        self._learner = Learner(await self._ledger.ask(lambda store: store))
                    self._learner.serves_policy(policy)
                except GatewayError:
                    pass  # there is no policy or no ledger yet
                await asyncio.sleep(LOOK_S)
        finally:
            if self._learner is not None:
                self._learner.close()
