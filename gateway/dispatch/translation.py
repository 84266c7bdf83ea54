"""Puts a request into the wire of the endpoint that is asked, and each reply back into its caller's dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from time import time
from typing import Final

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.dispatch.parameters import Tuned, in_the_wire, lacking, tuned
from gateway.dispatch.stored_state import sealing
from gateway.dispatch.upstream_facts import upstream_facts
from gateway.errors import GatewayError
from gateway.outcome.request_state import RequestState
from gateway.request import Request, parse
from gateway.upstreams.adapted import embedding_objection, objection
from gateway.upstreams.dialect_headers import VERSION, carried
from gateway.upstreams.state_seal import StateSeal
from gateway.upstreams.stored_ids import SealedReply
from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.natively import without_marked
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Untranslatable

KINDS: Final = {"openai": "chat", "openai_responses": "responses", "anthropic": "messages"}  # by wire
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one endpoint is asked."""

    request: Request
    way_back: Callable[[], WayBack | SealedReply] | None = None  # of its reply; None: bytes as they are
    adapted: tuple[str, ...] = ()  # names of what was put in another form


def outgoing(trail: RequestState, endpoint: Endpoint, seal: StateSeal) -> Outgoing:
    """The request in the endpoint's wire. Raises GatewayError for what has no place there."""
    changed = tuned(trail, endpoint)
    out = _written(trail, changed, endpoint, seal)
    if changed.rules is not None:
        out = _with_parameters(trail, changed, out, endpoint)
    elif changed.changed:
        _check_strict(changed.changed, trail.request)
        out = replace(out, adapted=(*changed.changed, *out.adapted))
    if endpoint.adapted:
        _check_adapted(endpoint, out.request)
    arrival = trail.request.arrival
    if not arrival.options:
        return out
    same = trail.request.interface.dialect.name == endpoint.dialect and not _SAMPLING & (
        out.request.fields.keys() - trail.request.fields.keys()
    )
    newest = endpoint.takes.messages_version if same else None  # newer ones refuse what the policy may add
    api = endpoint.api if endpoint.adapted else endpoint.dialect
    options, left_out = carried(arrival.options, api, newest.isoformat() if newest is not None else VERSION)
    _check_strict(left_out, trail.request)
    request = replace(out.request, arrival=replace(arrival, options=options))
    return replace(out, request=request, adapted=(*out.adapted, *left_out))


def _with_parameters(trail: RequestState, changed: Tuned, out: Outgoing, endpoint: Endpoint) -> Outgoing:
    """With what is added and left out there. Raises GatewayError where strictness or a capability forbids it."""
    request, names = in_the_wire(changed, trail.request.fields, out.request, endpoint)
    refused = lacking(trail, changed, request, endpoint)
    if refused is not None:
        raise refused
    names = (*changed.changed, *names)
    _check_strict(names, trail.request)
    return replace(out, request=request, adapted=(*names, *out.adapted))


def _written(trail: RequestState, changed: Tuned, endpoint: Endpoint, seal: StateSeal) -> Outgoing:
    request = changed.request
    dialect = request.interface.dialect.name
    if dialect == endpoint.dialect or dialect not in KINDS:  # what no wire translates goes to whoever serves its kind
        return _native(trail, request, endpoint, seal)
    translator = TRANSLATORS.get((dialect, endpoint.dialect))
    if translator is None:
        words = f"{endpoint.id} speaks {endpoint.api}, which {request.interface.path} is not translated to"
        raise GatewayError("unsupported_request", words)
    arrival = request.arrival
    body = {name: msgspec.json.decode(value) for name, value in request.fields.items()}
    id, created = arrival.id.removeprefix("req_"), int(arrival.received_at)
    facts = upstream_facts(endpoint, strict=arrival.strict)
    try:
        made = translator.request(body, facts, model=request.model, response_id=id, created_at=created)
    except Untranslatable as wrong:
        raise GatewayError("unsupported_request", str(wrong), param=wrong.path) from None
    memory = replace(made.memory, clock=time)
    way_back = partial(WayBack, translator, memory, stream=request.stream)
    adapted = (*trail.left_out, *made.adapted)
    return Outgoing(parse(KINDS[endpoint.dialect], _encode(made.body), arrival), way_back, adapted)


def _check_adapted(endpoint: Endpoint, request: Request) -> None:
    """Raises GatewayError for what the adapter process would not pass on, before it is asked."""
    fields = {name: msgspec.json.decode(value) for name, value in request.fields.items()}
    found = embedding_objection(fields) if request.kind == "embedding" else objection(fields)
    if found is not None:
        raise GatewayError("unsupported_request", f"{endpoint.id}: `{found[0]}` {found[1]}", param=found[0])


def unwritable(trail: RequestState, seal: StateSeal) -> GatewayError | None:
    """Why no permitted endpoint could be asked this, however well; None if one could."""
    why: GatewayError | None = None
    for endpoint in trail.decision.endpoints:
        try:
            outgoing(trail, endpoint, seal)
        except GatewayError as refused:
            why = why or refused
        else:
            return None
    return why


def _native(trail: RequestState, request: Request, endpoint: Endpoint, seal: StateSeal) -> Outgoing:
    """Bytes as they came; Responses keep what they are sent unless they are told not to."""
    adapted = trail.left_out
    fields, left_out = without_marked(request.kind, request.fields)
    adapted += left_out
    if request.kind == "responses" and "store" not in fields:
        fields, adapted = {**fields, "store": msgspec.Raw(b"false")}, (*adapted, "store(absent→false)")
    if trail.claim is not None:
        fields = {**fields, **trail.claim.fields}
    if fields is request.fields and not adapted:
        return Outgoing(request, sealing(trail, endpoint, fields, seal))
    _check_strict(adapted, request)
    return Outgoing(replace(request, fields=fields), sealing(trail, endpoint, fields, seal), adapted)


def _check_strict(adapted: tuple[str, ...], request: Request) -> None:
    """Raises GatewayError where something would be adapted and nothing may be."""
    if adapted and request.arrival.strict:
        words = f"{adapted[0]} would be adapted, which `x-gateway-strict: true` forbids"
        raise GatewayError("unsupported_request", words, param=adapted[0].partition("(")[0])
