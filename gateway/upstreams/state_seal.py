"""Ids of what vendors keep, sealed: they work only for the team that made them, on the endpoint that keeps it.

Authenticated encryption in the form of SIV (RFC 5297's scheme, over HMAC-SHA256): the tag is of everything, and begins
the key stream. The same id is sealed alike each time, as the events of a stream need it, without a memory of it.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hmac import compare_digest
from hmac import digest as hmac

MARK = "gw1-"
_TAG_BYTES = 16
_SEALED = re.compile(rf"(?:[A-Za-z]{{1,8}}_)?{MARK}([A-Za-z0-9_-]{{24,4000}})")
_PREFIX = re.compile(r"[A-Za-z]{1,8}_")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a sealed id stands for."""

    endpoint: str
    id: str  # the vendor's own


class StateSeal:
    """Of one secret, which every worker and replica has."""

    __slots__ = ("_key", "_stream")

    def __init__(self, secret: bytes):
        self._key = hmac(secret, b"ids of stored state: tag", "sha256")
        self._stream = hmac(secret, b"ids of stored state: stream", "sha256")

    def seal(self, id: str, *, team: str, endpoint: str) -> str:
        """Begins as the vendor's id does, since some clients look: `resp_`, `msg_`."""
        written = f"{endpoint}\0{id}".encode()
        tag = self._tag(team, written)
        prefix = _PREFIX.match(id)
        sealed = urlsafe_b64encode(tag + self._mixed(tag, written)).decode().rstrip("=")  # or a cut one would open too
        return (prefix[0] if prefix else "") + MARK + sealed

    def open(self, text: str, *, team: str) -> Kept | None:
        """None for what was not sealed here for this team."""
        found = _SEALED.fullmatch(text.rstrip("="))
        if found is None:
            return None
        raw = urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)) if len(found[1]) % 4 != 1 else b""
        tag, written = raw[:_TAG_BYTES], self._mixed(raw[:_TAG_BYTES], raw[_TAG_BYTES:])
        if not compare_digest(tag, self._tag(team, written)):
            return None
        endpoint, _, id = written.decode().partition("\0")
        return Kept(endpoint, id)

    def _tag(self, team: str, written: bytes) -> bytes:
        owner = team.encode()
        return hmac(self._key, b"%d\0%b%b" % (len(owner), owner, written), "sha256")[:_TAG_BYTES]

    def _mixed(self, tag: bytes, text: bytes) -> bytes:
        blocks = range(-(-len(text) // 32))
        stream = b"".join([hmac(self._stream, tag + block.to_bytes(4, "big"), "sha256") for block in blocks])
        return bytes([one ^ other for one, other in zip(text, stream, strict=False)])
