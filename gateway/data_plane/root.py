"""GET /: what this is."""

from __future__ import annotations

from gateway.data_plane.asgi import Receive, Scope, Send, send_whole
from gateway.data_plane.worker_state import State
from gateway.settings import Settings, is_loopback


async def line(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """One line of text."""
    text = what_this_is(state.settings).encode()
    await send_whole(send, 200, [(b"content-type", b"text/plain; charset=utf-8")], text)


def what_this_is(settings: Settings) -> str:
    """Names the console's address only where both are on this machine alone."""
    said = "Entrepot, a policy gateway for language models: an OpenAI-compatible API beneath /v1"
    if settings.control and settings.control_is_local and is_loopback(settings.host):
        host, port = settings.control_address
        scheme = "https" if settings.control_tls_cert else "http"
        said += f"; its console is at {scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
    return f"{said}\n"
