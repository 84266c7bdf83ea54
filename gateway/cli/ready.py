"""Tells when the gateway that this process is about to serve answers: `run` blocks, so a thread looks."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Container

from gateway.settings import Settings

LOOK_S = 0.05
PATIENCE_S = 120


def when_ready(settings: Settings, then: Callable[[], None]) -> None:
    """Calls `then` in a thread once `/health/ready` says 200 and the console answers, if there is one.

    Never if they do not within two minutes.
    """
    asked: list[tuple[str, int, str, Container[int]]] = [(settings.host, settings.port, "/health/ready", {200})]
    if settings.control:
        asked.append((*settings.control_address, "/", range(500)))

    def wait() -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if all(_says(*each) for each in asked):
                then()
                return
            time.sleep(LOOK_S)

    threading.Thread(target=wait, daemon=True, name="ready").start()


def shown_url(host: str, port: int) -> str:
    """An address that a browser on this machine can open."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"


def _says(host: str, port: int, path: str, statuses: Container[int]) -> bool:
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(local, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in statuses
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
