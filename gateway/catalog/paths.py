"""Dotted paths into JSON, as the catalogue's rows have them: `tools[].type`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def values_at(value: object, path: Sequence[str]) -> Iterator[object]:
    """Every value at the path; `[]` after a step means each item of a list, or what stands there if it is none."""
    if not path:
        yield value
        return
    name, each = path[0].removesuffix("[]"), path[0].endswith("[]")
    if name:
        if not isinstance(value, dict) or name not in value:
            return
        value = value[name]
    for item in value if each and isinstance(value, list) else (value,):
        yield from values_at(item, path[1:])
