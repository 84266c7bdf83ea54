"""Health for orchestrators."""

from __future__ import annotations

from time import monotonic

from gateway.catalog.facts import Endpoint
from gateway.data_plane.asgi import Receive, Scope, Send, send_json
from gateway.data_plane.worker_state import State
from gateway.dispatch.replicas import awake
from gateway.policy.freeze import freeze_mask


async def live(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """The process answers."""
    await send_json(send, {"status": "live"})


async def ready(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """503 while draining or without any usable endpoint; in words that tell nothing of the policy: anybody may ask."""
    gateway = state.gateway
    stopped = freeze_mask(gateway.policy, gateway.frozen)
    endpoints = [e for e in gateway.policy.catalog.endpoints.values() if not stopped >> e.index & 1]
    usable = any(_usable(endpoint, state) for endpoint in endpoints)
    serves = usable and not state.draining
    said = {"ready": serves, "draining": state.draining, "degraded": sorted(degraded(state))}
    await send_json(send, said, status=200 if serves else 503)


def degraded(state: State) -> frozenset[str]:
    """Words for what does not work now, though requests are served; `background`: a task beside the requests."""
    words = {
        "adapter": state.gateway.means.fleet.adapter_lost,
        "control": not state.control.answers(),
        "disk": state.disk is not None,
        "reload": state.reload_problem is not None,
        "redis": state.redis_lost,
        "ledger": state.ledger_away,
        "freezes": state.freezes_unread,
        "keys": state.credentials.unread,
    }
    return frozenset(word for word, so in words.items() if so) | state.down


def _usable(endpoint: Endpoint, state: State) -> bool:
    means = state.gateway.means
    return bool(awake(endpoint, means.fleet, means.breakers, monotonic()))
