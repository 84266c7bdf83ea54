"""Tokens of an identity provider as a worker checks them: against keys that the control process fetched."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError
from gateway.identity import Caller, Keyring, TokenRules, digest
from gateway.identity.tokens import caller_of
from gateway.processes import key_set_file

if TYPE_CHECKING:
    from gateway.identity.signatures import SigningKey

MOST_KEPT = 4_096  # verdicts
WANT_EVERY_S = 60.0  # a newer key set is asked for
_log = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class _Set:
    """Keys of one issuer, from one place."""

    issuer: str
    source: str
    fetched_at: float
    keys: tuple[SigningKey, ...]

    def is_for(self, rules: TokenRules, at: float) -> bool:
        """False for another issuer's, and for one that is too old."""
        mine = (self.issuer, self.source) == (rules.issuer, rules.source)
        return mine and at < self.fetched_at + key_set_file.OLDEST_S


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whose a token is, from when to when."""

    caller: Caller
    begins: float
    ends: float


class Tokens:
    """One a worker. A verdict is kept while its token holds, the key set stays and the policy does."""

    def __init__(self, state_dir: Path):
        """Reads the key set, if there is one: only then anything is loaded that checks signatures."""
        self._state_dir = state_dir
        self._set: _Set | None = None
        self._seen: object = None  # the file's stamp
        self._kept: dict[str, _Verdict] = {}
        self._kept_for: tuple[object, object] = (None, None)
        self._wanted = False
        self._wanted_at = float("-inf")  # monotonic
        self.look()

    def caller(self, token: str, keyring: Keyring, at: float) -> Caller:
        """Whose it is. Raises GatewayError: `overloaded` while no key set is here, else `invalid_api_key`."""
        rules, known = keyring.tokens, self._set
        assert rules is not None
        if known is None or not known.is_for(rules, at):
            said = f"the keys of {rules.issuer} are not here, so no token of it can be checked now"
            raise GatewayError("overloaded", said, retry_after_s=5)
        if self._kept_for[0] is not known or self._kept_for[1] is not keyring:
            self._kept, self._kept_for = {}, (known, keyring)
        hashed = digest(token)
        verdict = self._kept.get(hashed)
        if verdict is None:
            verdict = self._verdict(token, known, keyring, at)
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[hashed] = verdict
        if not verdict.begins <= at < verdict.ends:
            raise GatewayError("invalid_api_key", "this token is not let in: it has expired")
        return verdict.caller

    def look(self) -> None:
        """Takes over a newer key set; asks for one where a token named a key that is not known. May take a moment."""
        stamp = key_set_file.stamp(self._state_dir)
        if stamp != self._seen:
            self._set, self._seen = self._read(), stamp
        if self._wanted and monotonic() - self._wanted_at > WANT_EVERY_S:
            self._wanted, self._wanted_at = False, monotonic()
            with suppress(OSError):
                key_set_file.want(self._state_dir)

    def _read(self) -> _Set | None:
        kept = key_set_file.read(self._state_dir)
        if kept is None:
            return None
        from gateway.identity.signatures import signing_keys  # 10 MiB that gateways without tokens do without

        keys = signing_keys(kept.keys)
        if not keys:
            _log.error("the key set of %s holds no key that can check a token", kept.issuer)
        return _Set(kept.issuer, kept.source, kept.fetched_at, keys)

    def _verdict(self, token: str, known: _Set, keyring: Keyring, at: float) -> _Verdict:
        from gateway.identity.signatures import TokenRefused, Wanted, holds_from, verified

        rules: Any = keyring.tokens
        try:
            claims = verified(token, known.keys, Wanted(rules.issuer, rules.audience), at)
        except TokenRefused as wrong:
            self._wanted = self._wanted or wrong.unknown_key
            raise GatewayError("invalid_api_key", f"this token is not let in: {wrong}") from None
        return _Verdict(caller_of(claims, rules, keyring.teams), *holds_from(claims))
