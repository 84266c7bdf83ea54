"""From what a caller sent to who it is: keys of callers.yaml first, then keys that were issued."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.errors import GatewayError
from gateway.identity.callers import Caller, Keyring, digest
from gateway.identity.issued import NOTHING_ISSUED, Issued, issued_caller


def identify(key: str, keyring: Keyring, at: float, issued: Issued = NOTHING_ISSUED) -> Caller:
    """The owner of `key` at this time. Raises GatewayError: `overloaded` if nobody can say, else `invalid_api_key`."""
    if not key:
        raise GatewayError("invalid_api_key", "no API key was sent; send it as `Authorization: Bearer KEY`")
    hashed = digest(key)
    caller = issued_caller(hashed, keyring, issued, at) or keyring.callers.get(hashed)
    if caller is None:
        raise GatewayError("invalid_api_key", "this API key is not known here; `gateway keys new` makes one")
    if caller.expires is not None and datetime.fromtimestamp(at, UTC).date() >= caller.expires:
        raise GatewayError("invalid_api_key", f"this API key expired on {caller.expires}")
    return caller
