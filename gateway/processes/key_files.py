"""Keys of vendors, where the catalogue says that they are read: variables of the environment, and files that change.

A file is read again when it changes; one that cannot be read, or holds no key, gives none, and the log says so.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.catalog.facts import Endpoint, KeySource
from gateway.settings import vendor_key

LONGEST_BYTES = 8192
_OPENED = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)  # a pipe without a writer is not waited for
_log = logging.getLogger("gateway")


class NoKey(Exception):
    """Why a file gives no key; never what stands in it."""


def key_at(source: KeySource) -> str | None:
    """The key that is there now; None if there is none."""
    if source.env is not None:
        return vendor_key(source.env)
    try:
        return read_key(str(source.file))
    except NoKey:
        return None


def read_key(path: str) -> str:
    """One line of printable ASCII without spaces: anything else is some other file. Raises NoKey."""
    try:
        number = os.open(path, _OPENED)
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise NoKey("it is no plain file")
            data = os.read(number, LONGEST_BYTES + 1)
        finally:
            os.close(number)
    except (OSError, ValueError) as wrong:
        raise NoKey(f"it cannot be read: {getattr(wrong, 'strerror', None) or 'no such name is possible'}") from None
    text = data.strip()
    if not text:
        raise NoKey("it is empty")
    if len(data) > LONGEST_BYTES or not all(0x21 <= byte <= 0x7E for byte in text):
        raise NoKey("it holds no key: one line of printable letters, without spaces")
    return text.decode("ascii")


@dataclass(slots=True)
class KeyFiles:
    """What the files held when they were looked at last. Its words in the log name files, never keys."""

    keys: dict[str, str] = field(default_factory=dict)
    _problems: dict[str, str] = field(default_factory=dict)

    def look(self, paths: Iterable[str]) -> bool:
        """Reads them all; True if any key has changed. Blocks on the disk."""
        before = dict(self.keys)
        for path in paths:
            try:
                key, problem = read_key(path), None
            except NoKey as wrong:
                key, problem = None, str(wrong)
            self._tell(path, key, problem)
            if key is None:
                self.keys.pop(path, None)
            else:
                self.keys[path] = key
        return self.keys != before

    def _tell(self, path: str, key: str | None, problem: str | None) -> None:
        known = path in self.keys or path in self._problems
        if problem is not None and self._problems.get(path) != problem:
            _log.error("the key file %s is not used, %s; endpoints without another key are passed over", path, problem)
        elif key is not None and known and self.keys.get(path) != key:
            _log.info("the key file %s holds another key, which is used from now on", path)
        with suppress(KeyError):
            del self._problems[path]
        if problem is not None:
            self._problems[path] = problem

    def of(self, source: KeySource) -> str | None:
        """The key of a source, as files were seen last."""
        return vendor_key(source.env) if source.env is not None else self.keys.get(str(source.file))


def key_paths(endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """The files that endpoints read keys from, each once."""
    found = [key.file for each in endpoints for key in each.keys]
    found += [each.proxy.login_file for each in endpoints if each.proxy is not None]
    return tuple({path: None for path in found if path is not None})
