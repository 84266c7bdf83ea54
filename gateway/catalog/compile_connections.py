"""How connections to an endpoint are made: compiled from its row, with what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from gateway.catalog.address import address_of
from gateway.catalog.connection_shapes import ProxyRow
from gateway.catalog.facts import Endpoint
from gateway.catalog.replicas import file_problems, replicas, variable_problems
from gateway.catalog.rows import Proxy, TlsFiles
from gateway.catalog.shapes import EndpointRow
from gateway.catalog.sources import Written
from gateway.catalog.wires import ADAPTED
from gateway.errors import Problem

_FILES = ("ca_file", "client_cert", "client_key")
_FIELDS = ("proxy", *_FILES)


def connected(endpoint: Endpoint, row: EndpointRow) -> Endpoint:
    """With what the row says of its connections."""
    return replace(endpoint, proxy=_proxy_of(row), tls=_tls_files(row))


def _proxy_of(row: EndpointRow) -> Proxy | None:
    """None: connections go directly."""
    if isinstance(row.proxy, ProxyRow):
        return Proxy(row.proxy.url.rstrip("/"), row.proxy.login_env, row.proxy.login_file)
    return Proxy() if row.proxy else None


def _tls_files(row: EndpointRow) -> TlsFiles | None:
    """None: the system's authorities, and no certificate of ours."""
    files = TlsFiles(row.ca_file, row.client_cert, row.client_key)
    return files if files != TlsFiles() else None


def problems(written: Written[EndpointRow]) -> list[Problem]:
    """Everything that would let a connection be made otherwise than it is written."""
    row = written.row
    given = [name for name in _FIELDS if getattr(row, name)]
    if not given:
        return []
    if row.api in ADAPTED:
        message = f"`{given[0]}` cannot be kept for `api: {row.api}`: the adapter process connects there, not we"
        help_ = "leave it out, or use the vendor's own OpenAI-compatible endpoint"
        return [written.problem(message, given[0], help=help_)]
    return [*_plain(written, given[0]), *_files(written), *_proxy(written), *_pin(written)]


def _plain(written: Written[EndpointRow], name: str) -> Iterator[Problem]:
    if any(_is_plain(each.base_url) for each in replicas(written.row)):
        message = f"`{name}` is for https addresses alone: over plain http nothing is hidden from who is on the way"
        yield written.problem(message, name, help="write `base_url: https://…`, or leave it out")


def _is_plain(base_url: str) -> bool:
    try:
        return not address_of(base_url).tls
    except ValueError:  # told where the address is checked
        return False


def _files(written: Written[EndpointRow]) -> Iterator[Problem]:
    row = written.row
    for name in _FILES:
        if (path := getattr(row, name)) is not None:
            yield from file_problems(written, path, (name,), "/etc/entrepot/bank.pem")
    if row.client_key is not None and row.client_cert is None:
        help_ = "name the certificate in `client_cert`"
        yield written.problem("`client_key` is the key of no certificate", "client_key", help=help_)


def _proxy(written: Written[EndpointRow]) -> Iterator[Problem]:
    row = written.row.proxy
    if not isinstance(row, ProxyRow):
        return
    if not _is_proxy(row.url):
        help_ = "write http://proxy.example.com:3128; a login stands in `login_env` or `login_file`"
        yield written.problem("this is no address of a proxy", "proxy", "url", help=help_)
    if row.login_env is not None and row.login_file is not None:
        help_ = "leave one of them out"
        yield written.problem("a login is read from one place", "proxy", "login_file", help=help_)
    if row.login_env is not None:
        yield from variable_problems(written, row.login_env, ("proxy", "login_env"))
    if row.login_file is not None:
        yield from file_problems(written, row.login_file, ("proxy", "login_file"), "/run/secrets/proxy")


def _is_proxy(url: str) -> bool:
    try:
        address = address_of(url)
    except ValueError:
        return False
    return urlsplit(url).port is not None and not (address.tls or address.path or address.query)


def _pin(written: Written[EndpointRow]) -> Iterator[Problem]:
    pin = written.row.pin
    if written.row.proxy and pin is not None and pin.cidr is not None:
        message = "`pin: {cidr}` cannot be kept through a proxy: the address that is seen is the proxy's"
        yield written.problem(message, "pin", "cidr", help="pin `certificate` or `host_suffix` instead")
