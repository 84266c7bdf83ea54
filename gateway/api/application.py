"""The ASGI application: a table of paths. No framework stands before the hot path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.api import console, decisions, feedback, health, models, openai
from gateway.api.problem import send_error
from gateway.api.state import State
from gateway.api.wire import Receive, Scope, Send
from gateway.errors import GatewayError
from gateway.request import Kind

Handler = Callable[[Scope, Receive, Send, State], Awaitable[None]]

INFERENCE: dict[str, Kind] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/embeddings": "embedding",
}
PAGES: dict[tuple[str, str], Handler] = {
    ("GET", "/v1/models"): models.listing,
    ("POST", "/v1/feedback"): feedback.give,
    ("GET", "/health/live"): health.live,
    ("GET", "/health/ready"): health.ready,
    ("GET", "/"): console.page,
    ("GET", "/console/overview"): console.overview,
    ("POST", "/console/what-if"): console.what_if,
}
PREFIXES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v1/models/", models.one),
    ("GET", "/v1/decisions/", decisions.one),
    ("GET", "/console/decisions/", console.decision),
    ("GET", "/console/static/", console.static),
)
NOT_OURS = tuple(
    f"/v1/{name}"
    for name in "responses messages batches fine_tuning images audio files assistants threads moderations".split()
)


@dataclass(slots=True)
class Application:
    """Callable by an ASGI server."""

    state: State

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        state, exchange = self.state, scope.pop("exchange")
        kind = INFERENCE.get(scope["path"])
        if kind is None or scope["method"] != "POST":
            await self._page(scope, receive, send)
            return
        state.in_flight += 1
        try:
            most_bytes = state.settings.max_body_bytes
            await openai.serve(exchange, scope, receive, send, kind=kind, gateway=state.gateway, most_bytes=most_bytes)
        finally:
            state.in_flight -= 1

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await _handler(scope)(scope, receive, send, self.state)
        except GatewayError as error:
            await send_error(send, error)


def _handler(scope: Scope) -> Handler:
    """Raises GatewayError `not_found`."""
    method, path = scope["method"], scope["path"]
    method = "GET" if method == "HEAD" else method
    page = PAGES.get((method, path))
    if page is not None:
        return page
    for wanted, prefix, handler in PREFIXES:
        if method == wanted and path.startswith(prefix):
            return handler
    raise GatewayError("not_found", _why_not_found(method, path))


def _why_not_found(method: str, path: str) -> str:
    if path in INFERENCE:
        return f"{path} takes POST, not {method}"
    if path.startswith(NOT_OURS):
        return f"{path} is not served by this gateway: it routes chat, completions and embeddings"
    return f"no such path: {method} {path[:200]}"
