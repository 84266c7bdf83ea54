"""Reads bodies of callers for translators: what is malformed is one error that names the place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.errors import GatewayError
from gateway.upstreams.translate.spec import Untranslatable, Upstream

OF_SDKS = frozenset({"parsed", "parsed_arguments", "created_by"})  # what SDKs add to what they hand out, or only read


class Draft:
    """A request on its way into another dialect: what was adapted is named, unless nothing may be."""

    def __init__(self, upstream: Upstream):
        self.upstream = upstream
        self.body: dict[str, Any] = {}
        self.adapted: list[str] = []
        self.flat: dict[tuple[str, str], str] = {}  # by namespace and name of a tool: what it is called upstream
        self.unasked: frozenset[int] = frozenset()  # places of tools that may be left out

    def adapt(self, path: str, how: str) -> None:
        """`how`: `image→user message`. Raises Untranslatable where the caller wants nothing adapted."""
        if self.upstream.strict:
            raise Untranslatable(path, f"would be adapted ({how}), which `x-gateway-strict: true` forbids")
        self.adapted.append(f"{path}({how})")


def mapping(value: object, path: str) -> Mapping[str, Any]:
    """Raises GatewayError."""
    if not isinstance(value, dict):
        raise wrong(path, "an object")
    return value


def items(value: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each object of a list, with its own path. Raises GatewayError."""
    if not isinstance(value, list):
        raise wrong(path, "a list")
    for place, item in enumerate(value):
        yield f"{path}[{place}]", mapping(item, f"{path}[{place}]")


def text(value: object, path: str) -> str:
    """Raises GatewayError."""
    if not isinstance(value, str):
        raise wrong(path, "a string")
    return value


def known(given: Mapping[str, Any], names: frozenset[str], path: str = "") -> None:
    """Raises Untranslatable for a field that nobody here knows: it might change the answer."""
    for name, value in given.items():
        if name not in names and value is not None and name not in OF_SDKS:
            raise Untranslatable(f"{path}.{name}" if path else str(name), "has no place in the upstream's dialect")


def wrong(path: str, what: str) -> GatewayError:
    """What is not of its type."""
    return GatewayError("invalid_request", f"`{path}` must be {what}", param=path)
