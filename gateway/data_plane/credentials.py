"""What a worker holds against a caller's key beside callers.yaml: keys that were issued, tokens of others."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gateway.data_plane.tokens import Tokens
from gateway.identity import Caller, Issued, Keyring, digest, identify
from gateway.identity.issued import Rows, end_alone, merged
from gateway.identity.tokens import looks_like_token
from gateway.processes import key_file

LOOK_S = 0.5  # between two looks at the file
_log = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class _Look:
    """At the file. `stamp` is older than `rows`, so that a change in between is seen the next time."""

    stamp: object
    rows: Rows | None  # None: it could not be read
    problem: str | None


class Credentials:
    """One a worker. Ends that were read once hold, whatever becomes of the file; keys hold only while it is whole."""

    def __init__(self, state_dir: Path):
        """Reads the file."""
        self.issued = Issued()
        self.tokens = Tokens(state_dir)
        self._state_dir = state_dir
        self._seen: object = ()  # the file's stamp; () is none
        self._thread = ThreadPoolExecutor(1, "credentials")
        self._take_over(self._look(self._seen))

    @property
    def unread(self) -> bool:
        """True while no issued key is let in."""
        return self.issued.problem is not None

    def identify(self, key: str, keyring: Keyring, at: float) -> Caller:
        """Whose it is: keys are asked first, then tokens. Raises GatewayError."""
        if keyring.tokens is not None and looks_like_token(key) and digest(key) not in keyring.callers:
            return self.tokens.caller(key, keyring, at)
        return identify(key, keyring, at, self.issued)

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Once; bounded by the disk."""
        loop = asyncio.get_running_loop()
        self._take_over(await loop.run_in_executor(self._thread, self._look, self._seen))
        await loop.run_in_executor(self._thread, self.tokens.look)

    def close(self) -> None:
        """Waits for nothing."""
        self._thread.shutdown(wait=False)

    def _look(self, seen: object) -> _Look | None:
        """What is new; None: nothing."""
        try:
            stamp = key_file.stamp(self._state_dir)
            if stamp == seen:
                return None
            content = key_file.read(self._state_dir)
        except OSError as wrong:
            place = self._state_dir / key_file.NAME
            return _Look((), None, f"{place} cannot be read: {wrong.strerror or wrong}")
        return _Look(stamp, content.rows, content.problem(self._state_dir))

    def _take_over(self, look: _Look | None) -> None:
        if look is None:
            return
        self._seen = look.stamp
        known, problem = self.issued.rows, self.issued.problem
        if look.rows is not None:
            ends = {hashed: end_alone(row) for hashed, row in known.items() if row.ends_at is not None}
            known = merged(ends, look.rows)
        if look.problem is not None and look.problem != problem:
            _log.error("issued keys: %s; none is let in until it can", look.problem)
        elif look.problem is None and problem is not None:
            _log.warning("issued keys can be read again")
        self.issued = Issued(known, look.problem)
