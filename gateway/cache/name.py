"""The name of a request: the same for requests of which one might be given the other's answer. Pure.

A keyed digest of whose it is, the policy, the route and all that an endpoint is sent and that may change its answer.
Like are alike by the bytes that are sent: a field that is written twice, or a number in another way, is another
request. Only the order of the body's fields, white space between its parts and escapes in plain texts count for
nothing, nor do labels by which nobody answers differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec

from gateway.identity import Caller
from gateway.policy.decision import Decision
from gateway.request import Request

FORMAT = b"1"  # of names and entries: what another version has kept is not found
# Who asks in the caller's own words, and how vendors keep prompts. Replies of Responses repeat them: there they count.
LABELS = frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"})
_APART = frozenset({"model"})  # named by the request
_text = msgspec.json.Decoder(str).decode


def name_of(secret: bytes, request: Request, caller: Caller, decision: Decision, left_out: Iterable[str]) -> bytes:
    """32 bytes. `secret`: at most 64 bytes; `left_out`: what of the request is not sent because nobody has it."""
    route, cache = decision.route, decision.route.cache
    whose = ("key", caller.team.id, caller.key_id) if cache and cache.scope == "key" else ("team", caller.team.id)
    total = blake2b(key=secret, digest_size=32)
    about = (decision.policy.version, route.name, request.kind, request.model)
    total.update(FORMAT)
    for part in (_list(whose), _list(about), _list(left_out), _options(request), _list(_fields(request))):
        total.update(b"%d:" % len(part))
        total.update(part)
    return total.digest()


def _options(request: Request) -> bytes:
    """Headers that choose features, and whether anything may be adapted."""
    arrival = request.arrival
    return _list([str(arrival.strict), str(request.stream), *(word for pair in arrival.options for word in pair)])


def _fields(request: Request) -> Iterator[bytes]:
    fields, interface = request.fields, request.interface
    unsaid = _APART if interface.kind == "responses" else _APART | LABELS
    for name in sorted(fields.keys() - unsaid):
        yield name.encode(errors="surrogatepass")
        if name == interface.content and request.talk is not None:
            yield _list(part for message in request.talk for part in ("said", message.role, message.content))
        else:
            yield _written(bytes(fields[name]))


def _written(raw: bytes) -> bytes:
    """A text by what it says, everything else by its bytes."""
    if raw[:1] == b'"' and b"\\" in raw:
        return b'"' + _text(raw).encode(errors="surrogatepass") + b'"'
    return raw


def _list(parts: Iterable[str | bytes]) -> bytes:
    """No two lists look alike."""
    found = [part if isinstance(part, bytes) else part.encode(errors="surrogatepass") for part in parts]
    return b"".join([b"%d:%b" % (len(part), part) for part in found])
