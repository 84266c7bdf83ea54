"""POST /v1/messages/count_tokens and /v1/responses/input_tokens: about how many tokens a request has, by our estimate.

No endpoint is asked: what a request may be sent to is decided when it is made. The header says that it is an estimate.
"""

from __future__ import annotations

from time import monotonic, time
from typing import Final

from gateway.data_plane import access
from gateway.data_plane.asgi import Receive, Scope, Send, header, send_json
from gateway.data_plane.body import CallerLeft, Share, check_encoding, read_body, unpack
from gateway.data_plane.request_ids import fresh_id
from gateway.data_plane.worker_state import State
from gateway.errors import GatewayError
from gateway.interfaces import INTERFACES
from gateway.policy.models import named_as, resolve_model
from gateway.request import Arrival, parse
from gateway.signals.measure import measure
from gateway.threads import PARSING

KINDS: Final = {"/v1/messages/count_tokens": "messages", "/v1/responses/input_tokens": "responses"}
ESTIMATED = (b"x-gateway-adapted", b"input_tokens(estimate)")


async def count(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Errors in the dialect of the path."""
    kind = KINDS[scope["path"]]
    share = Share(state.room)
    try:
        tokens = await _tokens(scope, receive, state, kind, share)
    except CallerLeft:
        return
    except GatewayError as error:
        await send_json(send, INTERFACES[kind].dialect.error(error), status=error.status)
        return
    finally:
        share.end()
    told = {"input_tokens": tokens} | ({} if kind == "messages" else {"object": "response.input_tokens"})
    await send_json(send, told, headers=[ESTIMATED])


async def _tokens(scope: Scope, receive: Receive, state: State, kind: str, share: Share) -> int:
    caller = access.caller(scope, state)
    most, packed = state.settings.max_body_bytes, check_encoding(header(scope, b"content-encoding") or "")
    body = await read_body(scope, receive, share, most_bytes=most)
    if packed:
        body = await unpack(body, packed, share, most_bytes=most)

    def estimated() -> int:
        request = parse(kind, body, Arrival(id=fresh_id(at), received_at=at, started=monotonic()))
        resolve_model(state.gateway.policy, named_as(state.gateway.policy, request.model))
        tags, models = state.gateway.keyring.tags, state.gateway.policy.named
        found = measure(request, caller, tags=tags, models=models, needed=frozenset())["tokens"]
        assert isinstance(found, int)
        return found

    at = time()
    return await PARSING.run(estimated, None)
