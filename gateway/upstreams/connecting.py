"""How connections to endpoints are made: through a proxy, with authorities and a certificate of their own."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from gateway.catalog.facts import Endpoint, KeySource
from gateway.catalog.rows import Proxy, TlsFiles
from gateway.upstreams.http1 import Hop


@dataclass(frozen=True, slots=True)
class Way:
    """One endpoint's."""

    hop: Hop | None = None
    context: ssl.SSLContext | None = None
    secret: str | None = None  # our login at the proxy, which no text may repeat


@dataclass(frozen=True, slots=True)
class Connecting:
    """Where what endpoints name is found."""

    key_of: Callable[[KeySource], str | None]
    context_of: Callable[[TlsFiles], ssl.SSLContext | None]
    environment_proxy: str | None  # what HTTPS_PROXY holds

    def way(self, endpoint: Endpoint) -> Way | None:
        """None: what it names is not there, so nothing is sent."""
        context = self.context_of(endpoint.tls) if endpoint.tls is not None else None
        if endpoint.tls is not None and context is None:
            return None
        if endpoint.proxy is None:
            return Way(context=context)
        found = self._hop(endpoint.proxy)
        return Way(found[0], context, found[1]) if found is not None else None

    def _hop(self, proxy: Proxy) -> tuple[Hop, str | None] | None:
        if proxy.url is None:
            return hop_of(self.environment_proxy or "")
        found = hop_of(proxy.url)
        if found is None or (proxy.login_env is None and proxy.login_file is None):
            return found
        login = self.key_of(KeySource(proxy.login_env, proxy.login_file))
        return (Hop(found[0].host, found[0].port, _basic(login)), login) if login is not None else None


def hop_of(url: str) -> tuple[Hop, str | None] | None:
    """The proxy and our login there, of what HTTPS_PROXY may hold; None if it cannot be used."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not host or not host.isascii() or parts.path.strip("/") or parts.query:
        return None
    if parts.username is None:
        return Hop(host, port or 80), None
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Hop(host, port or 80, _basic(login)), login


def _basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


DIRECT = Way()


def directly(endpoint: Endpoint) -> Way | None:
    """For endpoints that name nothing; None for others."""
    return DIRECT if endpoint.proxy is None and endpoint.tls is None else None
