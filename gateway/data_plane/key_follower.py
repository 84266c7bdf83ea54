"""Looks at the files that the catalogue names, of keys and certificates: what was rotated is used within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from gateway.catalog.rows import TlsFiles
from gateway.data_plane.build import Parts, build_fleet
from gateway.data_plane.worker_state import State
from gateway.processes.key_files import key_paths
from gateway.processes.tls import tls_of
from gateway.threads import Threads

LOOK_S = 1.0
_THREAD = Threads("key-files", 1)


class KeyFollower:
    """Of one worker. A fleet with the new keys takes the place of the old one whole; what was sent keeps its own."""

    def __init__(self, state: State, parts: Parts):
        self._state = state
        self._parts = parts

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            endpoints = self._state.gateway.policy.endpoints
            paths, tls = key_paths(endpoints), tls_of(endpoints)
            changed = bool(paths or tls) and bool(await _THREAD.run(self._look, None, paths, tls))
            if changed:
                self._apply()

    def _look(self, paths: Sequence[str], tls: Sequence[TlsFiles]) -> bool:
        keys = self._parts.key_files.look(paths)
        return self._parts.tls.look(tls) or keys

    def _apply(self) -> None:
        """Nothing awaits here: no request sees half of it."""
        gateway = self._state.gateway
        fleet = build_fleet(gateway.policy, self._parts)
        fleet.usage_option = gateway.means.fleet.usage_option
        gateway = replace(gateway, means=replace(gateway.means, fleet=fleet))
        self._state.serve(gateway)
        self._parts.second.serves(gateway)
        self._parts.shadows.serves(gateway)
