"""The rows every catalogue begins with: licences, body fields, ways of saying no, windows, the risk rule, reasoning."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from gateway.source import Document, parse


@cache
def shipped() -> tuple[Document, ...]:
    """Constant as long as the package is."""
    return tuple(parse(data, f"gateway/catalog/data/{name}") for name, data in _yaml(files(__package__)).items())


@cache
def shipped_catalog() -> Mapping[str, bytes]:
    """The files of labs, models, operators and endpoints, which `catalog: [shipped, …]` begins with, by name."""
    return _yaml(files("gateway.catalog").joinpath("shipped"))


def _yaml(folder: Traversable) -> dict[str, bytes]:
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)
    return {item.name: item.read_bytes() for item in found}
