"""A socket that listens, or words for why none can."""

from __future__ import annotations

import errno
import socket

from gateway.settings import BadSetting

BACKLOG = 4096
DATA = ("--port or GATEWAY_PORT", "--host or GATEWAY_HOST")  # how a user names another address
CONTROL = ("GATEWAY_CONTROL_PORT", "GATEWAY_CONTROL_HOST")


def listen(host: str, port: int, names: tuple[str, str]) -> socket.socket:
    """Non-blocking. Raises BadSetting, which says how to `names` another address."""
    plug = _bound(host, port, names)
    plug.listen(BACKLOG)
    plug.setblocking(False)
    return plug


def require_free(host: str, port: int, names: tuple[str, str]) -> None:
    """Raises BadSetting if something else listens there."""
    _bound(host, port, names).close()


def _bound(host: str, port: int, names: tuple[str, str]) -> socket.socket:
    plug = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        plug.bind((host, port))
    except OSError as wrong:
        plug.close()
        raise BadSetting(_unusable(host, port, wrong, names)) from None
    return plug


def _unusable(host: str, port: int, wrong: OSError, names: tuple[str, str]) -> str:
    if wrong.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another with {names[0]}"
    if wrong.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has; choose one above 1023 with {names[0]}"
    return f"{host}:{port} cannot be served ({wrong.strerror}); set {names[1]}"
