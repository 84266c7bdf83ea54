"""Answers that several gateways keep together: sealed before they leave this process, whoever can read the store."""

from __future__ import annotations

from hmac import digest as hmac
from secrets import token_bytes
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.cache.entry import Entry

_NONCE = 12  # bytes
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


class Sealed(Protocol):
    """Where sealed answers are kept: Redis."""

    async def get(self, name: str) -> bytes | None: ...
    def put(self, name: str, value: bytes, *, ttl_s: float) -> None: ...
    async def empty(self, word: str) -> None: ...
    async def close(self) -> None: ...


class SharedStore:
    """One a worker. Each answer is sealed for its name (AES-256-GCM): put elsewhere, or changed, it is none."""

    def __init__(self, sealed: Sealed, secret: bytes):
        self._sealed = sealed
        self._cipher = AESGCM(hmac(secret, b"kept answers: seal", "sha256"))

    async def get(self, name: bytes) -> Entry | None:
        """See Store."""
        value = await self._sealed.get(name.hex())
        if value is None:
            return None
        try:
            return _decode(self._cipher.decrypt(value[:_NONCE], value[_NONCE:], name))
        except (InvalidTag, ValueError, msgspec.DecodeError):
            return None

    def put(self, name: bytes, entry: Entry, *, ttl_s: float) -> None:
        """See Store."""
        nonce = token_bytes(_NONCE)
        self._sealed.put(name.hex(), nonce + self._cipher.encrypt(nonce, _encode(entry), name), ttl_s=ttl_s)

    async def empty(self, word: str) -> None:
        """See Store."""
        await self._sealed.empty(word)

    def forget(self) -> None:
        """See Store: what no name leads to any more ends by itself."""

    async def close(self) -> None:
        """See Store."""
        await self._sealed.close()
