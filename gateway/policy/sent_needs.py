"""What the body that is sent needs, where a route or an endpoint changes what the caller wrote. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from gateway.catalog.parameters import together
from gateway.catalog.rows import Parameters
from gateway.signals import needs as signal

Needs = frozenset[str]


def needs_sent(needs: Needs, route: Parameters | None, endpoint: Parameters | None) -> Needs:
    """`needs`: of the caller's body. What is added is taken to be missing, what is left out to ask for all it could.

    Whether the body asks for it in other words too is seen when it is written.
    """
    changed = together(route, endpoint)
    if changed is None:
        return needs
    added, dropped = _change(changed)
    return (needs - dropped) | added


@lru_cache(maxsize=4096)
def _change(parameters: Parameters) -> tuple[Needs, Needs]:
    """Needs of what is added, and those of what is left out."""
    added: Mapping[str, object] = {name: msgspec.json.decode(value) for name, value in parameters.add}
    dropped = frozenset[str]().union(*(signal.asked_by(name) for name in parameters.drop))
    return signal.measure(added), dropped
