"""Issued keys of all gateways that share a ledger's database: what one issues or ends, the others' files hold soon."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from gateway.control.ledger import Ledger
from gateway.errors import GatewayError
from gateway.identity.issued import Rows, by_hash, merged, parsed, written
from gateway.processes import key_file
from gateway.record.store import Store

LOOK_S = 0.4
PAUSE_S = 5.0  # after a look that failed
_log = logging.getLogger("gateway")


class KeyExchange:
    """Merges the file of the state folder and the table of the database, both ways. A database that is away waits."""

    def __init__(self, state_dir: Path, ledger: Ledger):
        self._state_dir = state_dir
        self._ledger = ledger
        self._seen: object = ()  # the file's stamp when both said the same
        self._there: Mapping[str, str] = {}  # the table then
        self._away = False

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._ledger.ask(self._look)
                self._tell(False, "")
            except OSError as wrong:
                self._tell(True, f"{self._state_dir / key_file.NAME} cannot be used: {wrong.strerror or wrong}")
            except GatewayError as wrong:
                self._tell(True, wrong.message)
            await asyncio.sleep(PAUSE_S if self._away else LOOK_S)

    def _look(self, store: Store) -> None:
        """In a thread. Raises OSError."""
        stamp = key_file.stamp(self._state_dir)

        def merge(there: Mapping[str, str]) -> Mapping[str, str]:
            if stamp == self._seen and there == self._there:
                return {}
            together = self._merged(there)
            self._there = dict(there) | {hash: written(row).decode() for hash, row in together.items()}
            return self._there

        before = self._there
        store.exchange_keys(merge)
        if self._there is not before:
            self._seen = key_file.stamp(self._state_dir)

    def _merged(self, there: Mapping[str, str]) -> Rows:
        """What file and table know together; the file holds it then."""
        known = by_hash(row for line in there.values() if (row := parsed(line)) is not None)
        content = key_file.read(self._state_dir)
        together = merged(content.rows, known)
        if together != content.rows:
            content = key_file.change(self._state_dir, lambda _: known)
        return content.rows

    def _tell(self, away: bool, why: str) -> None:
        if away and not self._away:
            _log.error("issued keys are not exchanged with other gateways: %s", why)
        elif self._away and not away:
            _log.warning("issued keys are exchanged with other gateways again")
        self._away = away
