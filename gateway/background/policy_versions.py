"""Policies by version, for records that were decided by them: what was accepted last, and what was before it."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic

from gateway.errors import Problems
from gateway.identity import Keyring
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled, Policy
from gateway.processes import accepted_policy as accepted
from gateway.record import files

FOLDER = "policies"  # in the state folder: one file a version
KEPT = 20  # versions
LOOK_S = 0.5
_log = logging.getLogger(__name__)


class Policies:
    """Of one control process; may be asked by several threads."""

    def __init__(self, state_dir: Path):
        self._state_dir = state_dir
        self._stamp, self._due = 0, 0.0
        self._lock = Lock()
        self._by_version: dict[str, Policy | None] = {}
        self._newest: Policy | None = None
        self._keyring: Keyring | None = None

    def newest(self) -> Policy | None:
        """What was accepted last; None if nothing can be read."""
        with self._lock:
            self._look()
            return self._newest

    def keyring(self) -> Keyring | None:
        """Of what was accepted last."""
        with self._lock:
            self._look()
            return self._keyring

    def of(self, version: str) -> Policy | None:
        """None if it is not known any more."""
        with self._lock:
            self._look()
            if version not in self._by_version:
                self._due = 0.0
                self._look()
            if version not in self._by_version:
                self._by_version[version] = self._load(version)
            return self._by_version[version]

    def _look(self) -> None:
        if monotonic() < self._due:
            return  # asked for every record
        self._due = monotonic() + LOOK_S
        stamp = accepted.stamp(self._state_dir)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        with suppress(ValueError):
            kept = accepted.load(self._state_dir)
            if kept is not None:
                compiled = self._compiled(kept[1])
                self._newest = self._by_version[kept[0]] = None if compiled is None else compiled.policy
                self._keyring = None if compiled is None else compiled.keyring
                self._keep(*kept)

    def _keep(self, version: str, contents: dict[str, bytes]) -> None:
        """For records that are read after another was accepted."""
        folder = self._state_dir / FOLDER
        text = json.dumps({name: data.decode() for name, data in contents.items()})
        with suppress(OSError):
            files.swap(folder / f"{version}.json", text.encode())
            for old in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
                old.unlink(missing_ok=True)

    def _load(self, version: str) -> Policy | None:
        data = files.read(self._state_dir / FOLDER / f"{version}.json")
        if data is None:
            return None
        compiled = self._compiled({name: text.encode() for name, text in json.loads(data).items()})
        return None if compiled is None else compiled.policy

    def _compiled(self, contents: dict[str, bytes]) -> Compiled | None:
        try:
            return compile_folder(contents)
        except Problems as problems:
            _log.warning("an accepted policy no longer compiles: %s", problems.problems[0].message)
            return None
