"""The adapter process as its clients see it: where it is reached, and what it is told with each request."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.upstreams.http1 import Target

PATHS = ("/chat/completions", "/embeddings")  # of its pages, as an endpoint that speaks OpenAI's wire has them
_NAME = "dialects.sock"


def socket_path(state_dir: Path) -> Path:
    """Of the adapter of this state folder, in a folder of this user's with a short name: it may have 107 bytes."""
    name = hashlib.sha256(os.fsencode(state_dir.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gateway-{os.getuid()}-{name}" / _NAME


def target(socket: str, path: str) -> Target:
    """One of its pages."""
    head = f"POST {path} HTTP/1.1\r\nhost: gateway-dialects\r\naccept-encoding: identity\r\n".encode()
    return Target("gateway-dialects", 0, tls=False, pin=None, head=head, pool=f"unix {socket}", unix=socket)


def envelope(endpoint: Endpoint, login: Mapping[str, str], body: bytes) -> bytes:
    """The request, beside whom it is for and what logs in there."""
    whom = {
        "api": endpoint.api,
        "model": endpoint.upstream_model,
        "base_url": endpoint.base_url,
        "login": login,
    }
    return b'{"endpoint":' + msgspec.json.encode(whom) + b',"request":' + body + b"}"
