"""Names that an object gives twice: vendors differ in which value they read, so the measured one may not count."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from gateway.errors import GatewayError


class _Twice(Exception):
    """An object gives a name twice."""


def check_names(fields: Mapping[str, object]) -> None:
    """Raises GatewayError `invalid_request` for a field in which some object gives a name twice."""
    for name, value in fields.items():
        if not isinstance(value, msgspec.Raw):
            continue
        written = bytes(value)
        if b":" in written and repeats(written):
            words = f"`{name}` holds an object that gives a name twice; write every name once"
            raise GatewayError("invalid_request", words, param=name)


def repeats(written: bytes) -> bool:
    """True if some object of the JSON gives a name twice; False where it cannot be decoded."""
    if b":" not in written or written.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        if b"\\u" in written:  # an escape may spell a colon, or the same name another way
            json.loads(written, object_pairs_hook=_pairs, parse_int=len, parse_float=len)
            return False
        # Decoding drops what was given before; every other colon comes back.
        return written.count(b":") != msgspec.json.encode(msgspec.json.decode(written)).count(b":")
    except _Twice:
        return True
    except (ValueError, RecursionError):
        return False


def _pairs(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) != len(pairs):
        raise _Twice
