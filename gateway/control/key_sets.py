"""Keeps the keys of the identity provider new for workers, which fetch nothing themselves."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from time import time

from gateway.control.fetch import MOST_BYTES, FetchFailed, fetch
from gateway.identity import TokenRules
from gateway.processes import key_set_file
from gateway.threads import FILES

LOOK_S = 0.5
REFRESH_S = 300.0  # of a set that was fetched
REREAD_S = 2.0  # of a set that is a file
AGAIN_S = 30.0  # after one that could not be fetched
WANTED_EVERY_S = 60.0  # no more often for a key that a worker does not know
_log = logging.getLogger("gateway")


class KeySets:
    """One a control process."""

    def __init__(self, state_dir: Path, policies: Path, rules: Callable[[], TokenRules | None]):
        self._state_dir = state_dir
        self._policies = policies
        self._rules = rules
        self._of: TokenRules | None = None  # whose set was asked for last
        self._asked_at = 0.0
        self._failed: str | None = None

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            rules = self._rules()
            if rules is None:
                await FILES.run(self._drop, None)
            elif self._is_due(rules, time()):
                self._of, self._asked_at = rules, time()
                self._tell(await asyncio.to_thread(self._fetch, rules), rules)
            await asyncio.sleep(LOOK_S)

    def _is_due(self, rules: TokenRules, at: float) -> bool:
        age_s = at - self._asked_at
        if rules != self._of or age_s < 0:
            return True
        if rules.jwks_url is None:
            return age_s > REREAD_S
        if self._failed is not None:
            return age_s > AGAIN_S
        wanted = key_set_file.wanted_at(self._state_dir) > self._asked_at
        return age_s > REFRESH_S or (wanted and age_s > WANTED_EVERY_S)

    def _fetch(self, rules: TokenRules) -> str | None:
        """Why there is no newer set. In a thread."""
        try:
            text = fetch(rules.jwks_url) if rules.jwks_url is not None else self._of_file(rules.source)
            keys = _keys(text)
            key_set_file.write(self._state_dir, issuer=rules.issuer, source=rules.source, at=self._asked_at, keys=keys)
        except FetchFailed as wrong:
            return str(wrong)
        except OSError as wrong:
            return f"{wrong.filename or rules.source}: {wrong.strerror or wrong}"
        return None

    def _of_file(self, name: str) -> bytes:
        with open(self._policies / name, "rb") as file:
            return file.read(MOST_BYTES)

    def _drop(self) -> None:
        self._of = None
        if key_set_file.stamp(self._state_dir) is not None:
            key_set_file.remove(self._state_dir)

    def _tell(self, failed: str | None, rules: TokenRules) -> None:
        if failed is not None and failed != self._failed:
            _log.error("the keys of %s cannot be had: %s; those had before hold for a day", rules.issuer, failed)
        elif failed is None and self._failed is not None:
            _log.warning("the keys of %s can be had again", rules.issuer)
        self._failed = failed


def _keys(text: bytes) -> list[object]:
    """Raises FetchFailed."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    keys = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(keys, list):
        raise FetchFailed("what was had is no key set: an object with a list `keys`")
    return keys
