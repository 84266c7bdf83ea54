"""The rows every catalogue begins with: licences, body fields, ways of saying no, windows, the risk rule, reasoning."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from gateway.source import Document, parse


@cache
def shipped() -> tuple[Document, ...]:
    """Constant as long as the package is."""
    found = sorted((item for item in files(__package__).iterdir() if item.name.endswith(".yaml")), key=lambda i: i.name)
    return tuple(parse(item.read_bytes(), f"gateway/catalog/data/{item.name}") for item in found)
