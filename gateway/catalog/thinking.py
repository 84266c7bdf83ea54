"""One client request means the same everywhere: how hard to think, in the words of the vendor that is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from gateway.catalog.facts import Catalog, Endpoint
from gateway.catalog.rows import Reasoning

SAID = "reasoning_effort"  # how clients of chat completions say it


def reasoning_of(catalog: Catalog, endpoint: Endpoint) -> Reasoning | None:
    """The first row for this operator, or vendor, and this model; None: nothing is known, all passes as it is."""
    for row in catalog.reasoning:
        named = endpoint.operator.id in row.operators or endpoint.vendor == row.vendor
        if named and any(fnmatchcase(endpoint.model.id, glob) for glob in row.models):
            return row
    return None


def spoken(row: Reasoning, effort: object) -> Mapping[str, object] | None:
    """The fields that stand for `reasoning_effort: effort` at this vendor; None: it has no other word for it."""
    wanted = {"minimal": "none", "xhigh": "max"}.get(str(effort), str(effort))
    fields = row.efforts.get(wanted)
    understood = effort == "minimal" and fields is not None and SAID in fields
    return None if fields is None or understood or fields == {SAID: effort} else fields
