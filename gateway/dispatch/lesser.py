"""What a request may do without, where nobody who may serve it has that: a place to be kept, tools offered unasked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from gateway.request import Request
from gateway.upstreams.offered_tools import unasked

_FALSE = msgspec.Raw(b"false")
_FEW = frozenset({"tools", "tool_choice", "client_metadata"})
_encode = msgspec.json.Encoder().encode
Lesser = tuple[Request, tuple[str, ...]]  # and what it does without, as `x-gateway-adapted` names it


def lesser(request: Request) -> Iterator[Lesser]:
    """Requests for less, the least last; none where nothing may be adapted."""
    if request.arrival.strict:
        return
    unkept = _unkept(request)
    if unkept is not None:
        yield unkept
    plain = _without_unasked(request)
    if plain is not None:
        yield plain
        both = _unkept(plain[0])
        if both is not None:
            yield both[0], (*both[1], *plain[1])


def _unkept(request: Request) -> Lesser | None:
    store = request.fields.get("store")
    if store is None or bytes(store) != b"true":
        return None
    return replace(request, fields={**request.fields, "store": _FALSE}), ("store(true→false)",)


def _without_unasked(request: Request) -> Lesser | None:
    if request.kind != "responses" or "tools" not in request.fields:
        return None
    body = {name: msgspec.json.decode(request.fields[name]) for name in _FEW & request.fields.keys()}
    places = unasked(body)
    if not places:
        return None
    left = [tool for place, tool in enumerate(body["tools"]) if place not in places]
    names = tuple(f"tools[{place}]({body['tools'][place]['type']} left out)" for place in sorted(places))
    return replace(request, fields={**request.fields, "tools": msgspec.Raw(_encode(left))}), names
