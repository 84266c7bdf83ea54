"""Addresses and keys of an endpoint: compiled from its row, with what is wrong in them. Pure."""

from __future__ import annotations

import ipaddress
import re

from gateway.catalog.address import address_of
from gateway.catalog.facts import KeySource, Replica
from gateway.catalog.shapes import EndpointRow, KeyRow
from gateway.catalog.sources import Written
from gateway.errors import Problem

KEY_ENV = re.compile(r"([A-Z0-9][A-Z0-9_]*)?_API_KEY|GATEWAY_KEY_[A-Z0-9_]+")
Path = tuple[str | int, ...]


def replicas(row: EndpointRow) -> tuple[Replica, ...]:
    """Every address with every key; weights multiply."""
    addresses = [(each.base_url, each.weight) for each in row.replicas or ()] or [(row.base_url, 1)]
    keys: list[tuple[KeySource | None, int]] = [(_source(each), each.weight) for each in row.keys or ()]
    keys = keys or [(_sole_key(row), 1)]
    return tuple(Replica(url.rstrip("/"), key, near * far) for url, near in addresses for key, far in keys)


def _source(row: KeyRow) -> KeySource:
    return KeySource(row.env, row.file)


def _sole_key(row: EndpointRow) -> KeySource | None:
    return KeySource(row.key_env, row.key_file) if row.key_env or row.key_file else None


def replica_problems(written: Written[EndpointRow]) -> list[Problem]:
    """Of addresses and keys."""
    row = written.row
    addresses: list[tuple[str, Path]] = [(row.base_url, ("base_url",))] if row.base_url or not row.replicas else []
    addresses += [(each.base_url, ("replicas", place, "base_url")) for place, each in enumerate(row.replicas or ())]
    variables: list[tuple[str | None, Path]] = [(row.key_env, ("key_env",))]
    variables += [(each.env, ("keys", place, "env")) for place, each in enumerate(row.keys or ())]
    files: list[tuple[str | None, Path]] = [(row.key_file, ("key_file",))]
    files += [(each.file, ("keys", place, "file")) for place, each in enumerate(row.keys or ())]
    found = [*_chosen(written)]
    found += [problem for text, path in addresses for problem in _address(written, text, path)]
    found += [
        problem for name, path in variables if name is not None for problem in variable_problems(written, name, path)
    ]
    found += [
        problem
        for name, path in files
        if name is not None
        for problem in file_problems(written, name, path, "/run/secrets/deepseek")
    ]
    return found


def _chosen(written: Written[EndpointRow]) -> list[Problem]:
    """One form of each."""
    row, found = written.row, []
    if row.base_url and row.replicas:
        help_ = (
            "put that address among the replicas, and leave `base_url` out (over a row that has one: `base_url: null`)"
        )
        found.append(written.problem("`replicas` stand instead of `base_url`", "replicas", help=help_))
    named = [name for name in ("key_env", "key_file", "keys") if getattr(row, name) is not None]
    if len(named) > 1:
        help_ = "`keys: [{env: …}, {file: …}]` takes several; `null` takes one of an earlier layer away"
        found.append(written.problem(f"`{named[1]}` stands instead of `{named[0]}`", named[1], help=help_))
    for place, each in enumerate(row.keys or ()):
        if (each.env is None) == (each.file is None):
            help_ = "write `{env: DEEPSEEK_API_KEY}` or `{file: /run/secrets/deepseek}`"
            found.append(written.problem("a key is read from one place", "keys", place, help=help_))
    return found


def variable_problems(written: Written[EndpointRow], name: str, path: Path) -> list[Problem]:
    """Of a variable that is to hold a key."""
    if KEY_ENV.fullmatch(name):
        return []
    message = f"`{path[-1]}` cannot be `{name}`: only variables made for keys are read"
    return [written.problem(message, *path, help="a name like `DEEPSEEK_API_KEY` or `GATEWAY_KEY_DEEPSEEK`")]


def file_problems(written: Written[EndpointRow], name: str, path: Path, like: str) -> list[Problem]:
    """Of a file's path; `like` is an example of one."""
    if name.startswith("/") and name.isprintable() and not name.endswith("/") and ".." not in name.split("/"):
        return []
    message = f"`{path[-1]}` cannot be `{name[:60]}`: a file is named by its whole path"
    return [written.problem(message, *path, help=f"a path like `{like}`")]


def _address(written: Written[EndpointRow], text: str, path: Path) -> list[Problem]:
    try:
        address = address_of(text)
    except ValueError as wrong:
        way_out = "write it like https://api.example.com/v1, and name the key in `key_env`"
        return [written.problem(f"`base_url`: {wrong}", *path, help=way_out)]
    if address.scheme == "http" and written.row.hosting != "self" and not _loopback(address.host):
        message = "plain http reaches only own machines: the prompt would be readable on the way"
        return [written.problem(message, *path, help="use https, or say `hosting: self` if the machine is yours")]
    return []


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
