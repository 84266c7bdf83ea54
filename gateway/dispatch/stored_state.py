"""What a vendor keeps of a conversation: its ids leave sealed, and come back to the endpoint that made them alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.errors import GatewayError
from gateway.outcome.request_state import Claim, RequestState
from gateway.request import Fields, Request
from gateway.upstreams.state_seal import StateSeal
from gateway.upstreams.stored_ids import SealedReply, mentions_sealed, opened

NEED = "stored_state"
_FALSE = msgspec.Raw(b"false")
_NOTHING = msgspec.Raw(b"null")
_KEEPS: Mapping[str, Callable[[Fields], bool]] = {  # by kind: whether its vendor may keep something that has an id
    "responses": lambda fields: bytes(fields.get("store", _FALSE)) != b"false" or _makes_containers(fields),
    "chat": lambda fields: "audio" in fields,
    "messages": lambda fields: "container" in fields or b"code_execution" in bytes(fields.get("tools", _NOTHING)),
}


def _makes_containers(fields: Fields) -> bool:
    """Tools of Responses that leave a container behind, whether the reply is kept or not."""
    tools = bytes(fields.get("tools", _NOTHING))
    return b"code_interpreter" in tools or b'"shell"' in tools or b"container" in tools


def claim(trail: RequestState, seal: StateSeal) -> None:
    """Notes what the request names of what is kept, and where. Raises GatewayError for what is not its team's."""
    trail.claim = _claim(trail.request, trail.caller.team.id, trail.decision.signals.get("needs"), seal)


def _claim(request: Request, team: str, needs: object, seal: StateSeal) -> Claim | None:
    if bytes(request.fields.get("background", _FALSE)) == b"true":
        words = "`background` leaves an answer to be fetched later, which nobody can do here; leave it out"
        raise GatewayError("unsupported_request", words, param="background")
    needed = isinstance(needs, frozenset) and NEED in needs
    if not needed and not mentions_sealed(request.fields):
        return None
    keepers: set[str] = set()

    def unseal(given: str) -> str | None:
        kept = seal.open(given, team=team)
        if kept is None:
            return None
        keepers.add(kept.endpoint)
        return kept.id

    fields = opened(request.fields, unseal)
    if len(keepers) > 1:
        words = f"the request names what several endpoints keep: {', '.join(sorted(keepers))}; none has all of it"
        raise GatewayError("unsupported_request", words, param=min(fields))
    return Claim(keepers.pop(), fields) if keepers else None


def out_of_reach(trail: RequestState) -> GatewayError | None:
    """Where the endpoint that keeps what the request names is none of those that may serve it."""
    claim, decision = trail.claim, trail.decision
    if claim is None or any(endpoint.id == claim.endpoint for endpoint in decision.endpoints):
        return None
    name = min(claim.fields)
    kept = decision.policy.catalog.endpoints.get(claim.endpoint)
    removed = kept is not None and bool((decision.guarded | decision.frozen) >> kept.index & 1)
    code = "no_permitted_endpoint" if removed else "unsupported_request"
    why = "which guards remove for this request" if removed else "which this request does not lead to"
    return GatewayError(code, f"`{name}` names what {claim.endpoint} keeps, {why}", param=name)


def sealing(trail: RequestState, endpoint: Endpoint, fields: Fields, seal: StateSeal) -> partial[SealedReply] | None:
    """What seals the ids of the reply, if `endpoint` may keep something of what it is sent; else None."""
    if NEED not in endpoint.can:
        return None
    request = trail.request
    if request.kind not in _KEEPS or not _KEEPS[request.kind](fields):
        return None
    rename = partial(seal.seal, team=trail.caller.team.id, endpoint=endpoint.id)
    return partial(SealedReply, request.kind, rename, stream=request.stream)
