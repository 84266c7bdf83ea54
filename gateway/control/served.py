"""The policy that the gateway serves, as its parent accepted it last; what the control process explains and shows."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from gateway.errors import GatewayError, Problems
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.processes import accepted_policy as accepted
from gateway.threads import POLICIES

LOOK_S = 0.5  # between two looks at what was accepted
_log = logging.getLogger("gateway")


class Served:
    """Follows the state folder. A version that cannot be read leaves the one before."""

    def __init__(self, state_dir: Path):
        self._state_dir = state_dir
        self._seen = 0
        self._compiled: Compiled | None = None

    @property
    def compiled(self) -> Compiled:
        """Raises GatewayError before a gateway has accepted any."""
        if self._compiled is None:
            raise GatewayError("overloaded", "no policy was accepted in this state folder yet", retry_after_s=2)
        return self._compiled

    def look(self) -> Compiled:
        """Takes over a new version, if there is one. Raises GatewayError if there was never any."""
        stamp = accepted.stamp(self._state_dir)
        if stamp != self._seen:
            try:
                kept = accepted.load(self._state_dir)
                self._compiled = compile_folder(kept[1]) if kept is not None else self._compiled
                self._seen = stamp
            except (ValueError, Problems) as wrong:
                self._seen = stamp
                _log.error("the accepted policy cannot be shown: %s", wrong)
        return self.compiled

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            if accepted.stamp(self._state_dir) != self._seen:
                with suppress(GatewayError):
                    await POLICIES.run(self.look, None)
            await asyncio.sleep(LOOK_S)
