"""GET /v1/models: what this key may ask for."""

from __future__ import annotations

from time import time
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.data_plane import access
from gateway.data_plane.asgi import Receive, Scope, Send, header, send_json
from gateway.data_plane.worker_state import State
from gateway.errors import GatewayError
from gateway.identity import Caller
from gateway.interfaces import served
from gateway.policy.decide import decide
from gateway.policy.models import resolve_model
from gateway.policy.view import View
from gateway.signals.table import empty_signals


async def listing(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Models that this key can reach under the guards, and aliases."""
    names = reachable(state, access.caller(scope, state))
    if header(scope, b"anthropic-version") is None:
        await send_json(send, {"object": "list", "data": [_row(name, state) for name in names]})
        return
    ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None, "has_more": False}
    await send_json(send, {"data": [_anthropic_row(name) for name in names], **ends})


async def one(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """One of them. Raises GatewayError `model_not_found`."""
    caller, name = access.caller(scope, state), scope["path"].removeprefix("/v1/models/")
    known = resolve_model(state.gateway.policy, name)
    if known and not any(name in (endpoint.id, endpoint.model.id) for endpoint in _reached(state, caller)):
        raise GatewayError("model_not_found", f"the guards keep `{name}` from team `{caller.team.id}`")
    anthropic = header(scope, b"anthropic-version") is not None
    await send_json(send, _anthropic_row(name) if anthropic else _row(name, state))


def reachable(state: State, caller: Caller) -> list[str]:
    """Names a plain request of this caller could be served under: aliases without globs first, then models."""
    models = dict.fromkeys(endpoint.model.id for endpoint in _reached(state, caller))
    return [alias for alias in state.gateway.policy.aliases if "*" not in alias] + list(models)


def _reached(state: State, caller: Caller) -> list[Endpoint]:
    policy = state.gateway.policy
    team = caller.team
    own = {"team": team.id, "app": caller.app, "residency": team.residency, "data_class": team.data_class}
    view = View(at=time(), frozen=state.gateway.frozen)
    decisions = [decide(policy, {**empty_signals(), **own, "kind": each.kind}, view) for each in served().values()]
    reaches = state.gateway.means.fleet.reaches
    listed = [endpoint for endpoint in policy.endpoints if not endpoint.passes]
    return [e for e in listed if reaches(e) and any(decision.permits(e) for decision in decisions)]


def _anthropic_row(name: str) -> dict[str, Any]:
    """As Anthropic's SDK reads it; when a model was made is not known here."""
    return {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}


def _row(name: str, state: State) -> dict[str, Any]:
    model = state.gateway.policy.catalog.models.get(name)
    owner = model.lab.id if model is not None else "entrepot"
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
