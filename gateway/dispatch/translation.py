"""Puts a request into the dialect that upstreams speak, once a request, and each reply back into its caller's."""

from __future__ import annotations

from functools import partial

import msgspec

from gateway.errors import GatewayError
from gateway.outcome.request_state import RequestState
from gateway.request import parse
from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Untranslatable, Upstream

UPSTREAM = "openai"  # the one wire that we speak
KIND = "chat"  # which interface of it
_encode = msgspec.json.Encoder().encode


def put_into_upstream_dialect(trail: RequestState) -> None:
    """Nothing where the request is in it already. Raises GatewayError for what has no place in it."""
    request = trail.request
    translator = TRANSLATORS.get((request.interface.dialect.name, UPSTREAM))
    if translator is None:
        return
    arrival = request.arrival
    body = {name: msgspec.json.decode(value) for name, value in request.fields.items()}
    id, created = arrival.id.removeprefix("req_"), int(arrival.received_at)
    upstream = Upstream(strict=arrival.strict)
    try:
        made = translator.request(body, upstream, model=request.model, response_id=id, created_at=created)
    except Untranslatable as wrong:
        raise GatewayError("unsupported_request", str(wrong), param=wrong.path) from None
    trail.asks = parse(KIND, _encode(made.body), arrival)
    trail.adapted = made.adapted
    trail.way_back = partial(WayBack, translator, made.memory, stream=request.stream)
