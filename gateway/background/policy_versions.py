"""Policies by version, for records that were decided by them: what was accepted last, and what was before it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic

from gateway.errors import GatewayError, Problems
from gateway.identity import Admin, Keyring, OidcAdmin, TokenRules
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled, Policy
from gateway.processes import accepted_policy as accepted
from gateway.threads import POLICIES

LOOK_S = 0.5
_log = logging.getLogger(__name__)


class Policies:
    """Of one process; may be asked by several threads. A version that cannot be read leaves the one before."""

    def __init__(self, state_dir: Path):
        self._state_dir = state_dir
        self._stamp, self._due = 0, 0.0
        self._lock = Lock()
        self._by_version: dict[str, Policy | None] = {}
        self._newest: Compiled | None = None

    @property
    def compiled(self) -> Compiled:
        """What was accepted last, as of the last look. Raises GatewayError before a gateway has accepted any."""
        if self._newest is None:
            raise GatewayError("overloaded", "no policy was accepted in this state folder yet", retry_after_s=2)
        return self._newest

    @property
    def admins(self) -> Mapping[str, Admin]:
        """By the hash of their token; nobody before a gateway has accepted any policy."""
        return {} if self._newest is None else self._newest.keyring.admins

    @property
    def oidc_admins(self) -> tuple[OidcAdmin, ...]:
        """Whom an identity provider vouches for."""
        return () if self._newest is None else self._newest.keyring.oidc_admins

    @property
    def tokens(self) -> TokenRules | None:
        """Whose tokens are let in."""
        return None if self._newest is None else self._newest.keyring.tokens

    def look(self) -> Compiled:
        """Takes over a new version, if there is one. Raises GatewayError if there was never any."""
        with self._lock:
            self._look()
        return self.compiled

    async def forever(self) -> None:
        """Looks until it is cancelled."""
        while True:
            if accepted.stamp(self._state_dir) != self._stamp:
                with suppress(GatewayError):
                    await POLICIES.run(self.look, None)
            await asyncio.sleep(LOOK_S)

    def newest(self) -> Policy | None:
        """What was accepted last; None if nothing can be read."""
        newest = self._recent()
        return None if newest is None else newest.policy

    def keyring(self) -> Keyring | None:
        """Of what was accepted last."""
        newest = self._recent()
        return None if newest is None else newest.keyring

    def of(self, version: str) -> Policy | None:
        """None if it is not known any more."""
        self._recent()
        with self._lock:
            if version not in self._by_version:
                self._look()
            if version not in self._by_version:
                self._by_version[version] = self._load(version)
            return self._by_version[version]

    def _recent(self) -> Compiled | None:
        """Asked for every record: looks now and then."""
        if monotonic() >= self._due:
            self._due = monotonic() + LOOK_S
            with self._lock:
                self._look()
        return self._newest

    def _look(self) -> None:
        stamp = accepted.stamp(self._state_dir)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            kept = accepted.load(self._state_dir)
        except ValueError as wrong:
            _log.error("the accepted policy cannot be read: %s", wrong)
            return
        compiled = None if kept is None else self._compiled(kept[1])
        if kept is not None and compiled is not None:
            self._newest, self._by_version[kept[0]] = compiled, compiled.policy
            with suppress(OSError):
                accepted.keep_version(self._state_dir, *kept)  # one that an older release accepted

    def _load(self, version: str) -> Policy | None:
        kept = accepted.load_version(self._state_dir, version)
        compiled = None if kept is None else self._compiled(kept)
        return None if compiled is None else compiled.policy

    def _compiled(self, contents: dict[str, bytes]) -> Compiled | None:
        try:
            return compile_folder(contents)
        except Problems as problems:
            _log.warning("an accepted policy no longer compiles: %s", problems.problems[0].message)
            return None
