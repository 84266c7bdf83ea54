"""Whose request this is."""

from __future__ import annotations

from time import time

from gateway.data_plane.asgi import Scope
from gateway.data_plane.keys import key_of
from gateway.data_plane.worker_state import State
from gateway.identity import Caller


def caller(scope: Scope, state: State) -> Caller:
    """Raises GatewayError `invalid_api_key`."""
    return state.credentials.identify(key_of(scope), state.gateway.keyring, time())
