"""The ASGI application: a table of paths. No framework stands before the hot path."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import time

from gateway.data_plane import cors, count_tokens, decisions, feedback, health, models
from gateway.data_plane import model_calls as openai
from gateway.data_plane import root as front
from gateway.data_plane.asgi import Exchange, Receive, Scope, Send, exchange_of
from gateway.data_plane.problem import write_error
from gateway.data_plane.request_ids import fresh_id
from gateway.data_plane.worker_state import State
from gateway.errors import GatewayError
from gateway.interfaces import served

Handler = Callable[[Scope, Receive, Send, State], Awaitable[None]]

INFERENCE = served()
PAGES: dict[tuple[str, str], Handler] = {
    ("GET", "/v1/models"): models.listing,
    ("POST", "/v1/feedback"): feedback.give,
    **{("POST", path): count_tokens.count for path in count_tokens.KINDS},
    ("GET", "/health/live"): health.live,
    ("GET", "/health/ready"): health.ready,
    ("GET", "/"): front.line,
}
PREFIXES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v1/models/", models.one),
    ("GET", "/v1/decisions/", decisions.one),
)
NOT_OURS = tuple(f"/v1/{name}" for name in "batches fine_tuning images audio files assistants threads videos".split())


_PREFIX = re.compile(r"/*(?:v1(?:/+|$))*")


@dataclass(slots=True)
class Application:
    """Callable by an ASGI server."""

    state: State

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        state, exchange = self.state, exchange_of(scope)
        if state.settings.cors_origins:
            exchange.add(cors.of_reply(scope, state.settings.cors_origins))
        interface = INFERENCE.get(scope["path"])
        if interface is None:
            scope["path"] = meant(scope["path"])
            interface = INFERENCE.get(scope["path"])
        if interface is None or scope["method"] != "POST":
            await self._page(exchange, scope, receive, send)
            return
        state.in_flight += 1
        try:
            await openai.serve(exchange, scope, receive, interface=interface, state=state)
        finally:
            state.in_flight -= 1

    async def _page(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        exchange.add(((b"x-request-id", fresh_id(time()).encode()),))
        method, path = scope["method"], scope["path"]
        try:
            handler = handler_of("GET" if method == "HEAD" else method, path)
            if handler is not None:
                await handler(scope, receive, send, self.state)
                return
            allowed = methods_of(path)
            if not allowed:
                raise GatewayError("not_found", _why_not_found(method, path))
            if method == "OPTIONS" and (more := cors.of_preflight(scope, allowed, self.state.settings.cors_origins)):
                exchange.whole(204, b"".join(b"%b: %b\r\n" % line for line in more), b"")
                return
            words = f"{path[:200]} takes {' or '.join(allowed)}, not {method}"
            write_error(exchange, GatewayError("method_not_allowed", words), [(b"allow", ", ".join(allowed).encode())])
        except GatewayError as error:
            write_error(exchange, error)


def handler_of(method: str, path: str) -> Handler | None:
    """What serves a page."""
    page = PAGES.get((method, path))
    if page is not None:
        return page
    return next((handler for wanted, prefix, handler in PREFIXES if method == wanted and path.startswith(prefix)), None)


def methods_of(path: str) -> list[str]:
    """What a path takes; empty if there is none such."""
    taken = ["POST"] if path in INFERENCE else [method for method, page in PAGES if page == path]
    taken += [method for method, prefix, _ in PREFIXES if path.startswith(prefix)]
    return [*taken, "HEAD"] if "GET" in taken else taken


def meant(path: str) -> str:
    """The path that serves it: base URLs are written with `/v1`, without, twice, and with a slash at the end."""
    plain = path.rstrip("/") or "/"
    if methods_of(plain):
        return plain
    ours = _ours(plain)
    return ours if methods_of(ours) else path


def _ours(path: str) -> str:
    return "/v1/" + _PREFIX.sub("", path, count=1)


def _why_not_found(method: str, path: str) -> str:
    if _ours(path).startswith(NOT_OURS):
        return f"{path[:200]} is not served by this gateway: it routes POST {', '.join(INFERENCE)}"
    return f"no such path: {method} {path[:200]}; the base URL of OpenAI's clients ends with /v1"
