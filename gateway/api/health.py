"""Health for orchestrators."""

from __future__ import annotations

from time import monotonic

from gateway.api.state import State
from gateway.api.wire import Receive, Scope, Send, send_json
from gateway.policy.canary import stopped


async def live(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """The process answers."""
    await send_json(send, {"status": "live"})


async def ready(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """503 while draining or without any usable endpoint; the body says what is wrong, without secrets."""
    gateway = state.gateway
    now, known = monotonic(), gateway.estimates()
    reached = [e for e in gateway.policy.catalog.endpoints.values() if gateway.means.fleet.reaches(e)]
    usable = [e for e in reached if gateway.means.breakers.of(e.id).allows(now)]
    status = 503 if state.draining or not usable else 200
    said = {
        "status": "draining" if state.draining else "ready" if usable else "no usable endpoint",
        "policy": gateway.policy.version,
        "endpoints": {
            "usable": len(usable),
            "resting": len(reached) - len(usable),
            "in_catalogue": len(gateway.policy.endpoints),
        },
        "reload": state.reload_problem or "ok",
        "degraded": [word for word, so in _degraded(state) if so],
        "disk": state.disk or "ok",
        "canaries_stopped": {
            route.name: str(stop) for route in gateway.policy.routes if (stop := stopped(route, known))
        },
    }
    await send_json(send, said, status=status)


def _degraded(state: State) -> list[tuple[str, bool]]:
    """What does not work as it should, though requests are served."""
    return [
        ("control", not state.control.answers()),
        ("disk", state.disk is not None),
        ("reload", state.reload_problem is not None),
    ]
