"""What logs in at an endpoint, by part: from the environment, and from files that are read again when they change."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from stat import S_ISREG

from gateway.catalog.facts import Credential, Endpoint, KeySource
from gateway.catalog.wires import WIRES

MOST_BYTES = 65_536  # of a file of credentials
_Seen = tuple[int, int, int, int]


class Logins:
    """Of all endpoints. `key_of` reads a key; of a login's parts, those that stand in variables."""

    def __init__(self, key_of: Callable[[KeySource], str | None]):
        self._key_of = key_of
        self._files: dict[str, tuple[_Seen, str | None]] = {}

    def of(self, endpoint: Endpoint) -> Mapping[str, str] | None:
        """By part; None if a part that it needs is not there. Never raises."""
        found = {part.part: text for part in endpoint.credentials if (text := self._text(part)) is not None}
        wire = WIRES.get(endpoint.api)
        enough = wire is not None and any(login <= found.keys() for login in wire.logins)
        return found if enough else None

    def found(self, endpoint: Endpoint) -> bool:
        """True if everything is there that it needs; for the wires that we speak, that is any of its keys."""
        if endpoint.adapted:
            return self.of(endpoint) is not None
        return not endpoint.keys or any(self._key_of(key) is not None for key in endpoint.keys)

    def _text(self, part: Credential) -> str | None:
        if part.env is not None:
            return self._key_of(KeySource(part.env))
        path = self._key_of(KeySource(part.file_env)) if part.file_env is not None else part.file
        return part.value if path is None else self._read(path)

    def _read(self, path: str) -> str | None:
        try:
            now = os.stat(path)
            seen = (now.st_ino, now.st_mtime_ns, now.st_size, now.st_mode)
            if path not in self._files or self._files[path][0] != seen:
                self._files[path] = (seen, _file(path) if S_ISREG(now.st_mode) else None)
        except (OSError, ValueError):
            return None
        return self._files[path][1]


def _file(path: str) -> str | None:
    with open(path, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    text = data.decode("utf-8", "replace").strip()
    return text if text and len(data) <= MOST_BYTES else None
