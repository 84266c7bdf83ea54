"""What a client says about where its text comes from: paths and addresses, each place spelled in one way. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from gateway.signals.invisible import visible
from gateway.signals.value import UNKNOWN, Unknown

_MOST: Final = 100  # of one request
_LONGEST: Final = 2_000  # characters of one
_MOST_ENCODINGS: Final = 4  # of percent signs, one inside the other


def measure(said: Iterable[str]) -> frozenset[str] | Unknown:
    """The sources, normalised; unknown if one cannot be read or climbs above its root."""
    found = set[str]()
    for line in said:
        place = normalised(line)
        if place is None:
            return UNKNOWN
        found.add(place)
    found.discard("")
    return frozenset(found) if len(found) <= _MOST else UNKNOWN


def normalised(said: str) -> str | None:
    """`a//./b/../c` and `a\\\\c` as `a/c`; None if it climbs above its root or cannot be read."""
    text = _decoded(said.strip())
    if text is None:
        return None
    scheme, sign, rest = text.replace("\\", "/").partition("://")
    if not sign:
        return _path(scheme)
    host, _, path = rest.partition("/")
    host = host.rpartition("@")[2]  # without user and password
    below = _path(path)
    return (
        None if below is None or host in ("", ".", "..") else f"{scheme.lower()}://{host.lower()}/{below}".rstrip("/")
    )


def _decoded(text: str) -> str | None:
    for _ in range(_MOST_ENCODINGS):
        if len(text) > _LONGEST:
            return None
        plain = unquote(text, errors="replace")
        if plain == text:
            seen, hides = visible(text)
            return None if hides or "\ufffd" in seen or not seen.isprintable() else seen
        text = plain
    return None


def _path(path: str) -> str | None:
    root = "/" if path.startswith("/") else ""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return root + "/".join(parts)
