"""Tells when the gateway that this process is about to serve answers: `run` blocks, so a thread looks."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable

LOOK_S = 0.05
PATIENCE_S = 120


def when_ready(host: str, port: int, then: Callable[[], None]) -> None:
    """Calls `then` in a thread once `/health/ready` says 200; never if it does not within two minutes."""

    def wait() -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if _is_ready(host, port):
                then()
                return
            time.sleep(LOOK_S)

    threading.Thread(target=wait, daemon=True, name="ready").start()


def shown_url(host: str, port: int) -> str:
    """An address that a browser on this machine can open."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"


def _is_ready(host: str, port: int) -> bool:
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(local, port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
