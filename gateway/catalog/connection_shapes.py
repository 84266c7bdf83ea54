"""How connections to an endpoint are made, as its row writes it."""

from __future__ import annotations

from pydantic import Field

from gateway.catalog.auxiliary_shapes import Sourced
from gateway.source import Shape, Text


class ProxyRow(Shape):
    """The proxy that connections go through."""

    url: Text = Field(description="http://HOST:PORT; it is asked by CONNECT, so TLS goes through it unread")
    login_env: str | None = Field(None, description="environment variable with `user:password`: GATEWAY_KEY_*")
    login_file: str | None = Field(None, description="absolute path of a file with it, read again when it changes")


class ConnectedRow(Sourced):
    """What a row of an endpoint says of its connections."""

    proxy: bool | ProxyRow | None = Field(
        None, description="true: by the proxy that HTTPS_PROXY names, which nothing else obeys; absent: directly"
    )
    ca_file: str | None = Field(
        None, description="absolute path of the authorities trusted here (PEM), instead of the system's"
    )
    client_cert: str | None = Field(None, description="absolute path of our certificate there (PEM), with its chain")
    client_key: str | None = Field(None, description="absolute path of its key (PEM); absent: it stands with it")
