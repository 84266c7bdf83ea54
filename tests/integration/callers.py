"""A gateway with one scripted vendor, and callers that write bytes on sockets of their own."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.integration.test_passthrough import CALLERS, CATALOG, KEY, POLICY
from tests.integration.test_server import Seen, Upstream
from tests.integration.test_stopping import serving
from tests.running import Running, starter


@contextlib.contextmanager
def built(
    root: Path, environment: Mapping[str, str] | None = None, *, policy: str = POLICY, **starting: Any
) -> Iterator[tuple[Running, Seen]]:
    """The gateway, and what its vendor saw: see `test_server.Upstream` for what it answers."""
    seen = Seen()
    (root / "policies" / "catalog").mkdir(parents=True)
    (root / "policies" / "callers.yaml").write_text(CALLERS)
    (root / "policies" / "policy.yaml").write_text(policy)
    started: list[Running] = []
    with serving(type("Vendor", (Upstream,), {"seen": seen})) as port:
        (root / "policies" / "catalog" / "all.yaml").write_text(CATALOG.replace("PORT", str(port)))
        given = {"GATEWAY_KEY_TEST": "sk-ours", **(environment or {})}
        try:
            yield starter(root, started)(root / "policies", environment=given, **starting), seen
        finally:
            for each in started:
                each.stop()


def head(
    length: int | None = None,
    *,
    key: str | None = KEY,
    path: str = "/v1/chat/completions",
    more: str = "",
    method="POST",
) -> bytes:
    """The head of a request; `more`: header lines, each with its end."""
    lines = f"{method} {path} HTTP/1.1\r\nhost: x\r\n{more}"
    lines += f"authorization: Bearer {key}\r\n" if key else ""
    lines += f"content-length: {length}\r\n" if length is not None else ""
    return f"{lines}\r\n".encode()


def chat(word: str = "hi", **more: Any) -> bytes:
    return json.dumps({"model": "auto", "messages": [{"role": "user", "content": word}], **more}).encode()


def plugged(running: Running, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, running.port), timeout=60)


def rest(plug: socket.socket) -> bytes:
    """All that comes until the gateway ends the connection."""
    return b"".join(iter(lambda: plug.recv(65_536), b""))


def say(running: Running, *parts: bytes, gap_s: float = 0.05) -> bytes:
    """What the gateway answers until it ends the connection; say `connection: close`, or something wrong."""
    with plugged(running) as plug:
        for place, part in enumerate(parts):
            time.sleep(gap_s if place else 0)
            plug.sendall(part)
        return rest(plug)


def waits(condition, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())
