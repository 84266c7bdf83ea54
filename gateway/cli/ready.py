"""Tells when the gateway that this process is about to serve answers: `run` blocks, so a thread looks."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Container
from typing import Literal

from gateway.settings import Settings

LOOK_S = 0.05
PATIENCE_S = 120
_Tls = Literal["none", "ours", "both"]  # who shows a certificate
_Question = tuple[str, int, _Tls, str, Container[int]]


def when_ready(settings: Settings, then: Callable[[], None]) -> None:
    """Calls `then` in a thread once `/health/ready` says 200 and the console answers, if there is one.

    Never if they do not within two minutes.
    """
    tls = _tls(settings.tls_cert, settings.tls_client_ca)
    asked: list[_Question] = [(settings.host, settings.port, tls, "/health/ready", {200})]
    if settings.control:
        tls = _tls(settings.control_tls_cert, settings.control_tls_client_ca)
        asked.append((*settings.control_address, tls, "/", range(500)))

    def wait() -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if all(_says(*each) for each in asked):
                then()
                return
            time.sleep(LOOK_S)

    threading.Thread(target=wait, daemon=True, name="ready").start()


def shown_url(host: str, port: int, *, tls: bool) -> str:
    """An address that a browser on this machine can open."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    name = f"[{local}]" if ":" in local else local
    return f"{'https' if tls else 'http'}://{name}:{port}"


def _tls(certificate: str | None, client_ca: str | None) -> _Tls:
    if certificate is None:
        return "none"
    return "ours" if client_ca is None else "both"


def _says(host: str, port: int, tls: _Tls, path: str, statuses: Container[int]) -> bool:
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(local, port, timeout=5)
    if tls != "none":  # our own process on our own port: whom would a certificate prove it to?
        connection = http.client.HTTPSConnection(local, port, timeout=5, context=ssl._create_unverified_context())
    try:
        connection.connect()
        if tls == "both":
            return True  # it says no more to us, who have no certificate to show
        connection.request("GET", path)
        return connection.getresponse().status in statuses
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
