"""Whose request this is."""

from __future__ import annotations

from time import time

from gateway.api.keys import key_of
from gateway.api.state import State
from gateway.api.wire import Scope
from gateway.identity import Caller, identify


def caller(scope: Scope, state: State) -> Caller:
    """Raises GatewayError `invalid_api_key`."""
    return identify(key_of(scope), state.gateway.keyring, time())
