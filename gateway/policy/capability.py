"""Which endpoints can serve what: the wires that we speak, the kinds, needs and lengths of each, as masks."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.catalog.facts import Endpoint
from gateway.catalog.wires import EMBEDS, WIRES
from gateway.interfaces import INTERFACES
from gateway.policy.evaluate import mask
from gateway.policy.rules import Capability
from gateway.signals.table import KINDS, NEEDS

UNBOUNDED = frozenset(each.kind for each in INTERFACES.values() if not each.whole_context)  # kinds
SPOKEN = frozenset(WIRES)  # wires that `upstreams` or the adapter process can speak


def capability(endpoints: Sequence[Endpoint]) -> Capability:
    """Masks of who can serve what; an unknown capability or context is none."""
    contexts = tuple(sorted({endpoint.model.context_tokens for endpoint in endpoints}))
    shorter = [mask(e for e in endpoints if e.model.context_tokens <= length) for length in contexts]
    return Capability(
        kinds={kind: mask(e for e in endpoints if serves(e, kind)) for kind in KINDS},
        needs={need: mask(e for e in endpoints if need in e.can) for need in NEEDS},
        contexts=contexts,
        too_short=(0, *shorter),
    )


def serves(endpoint: Endpoint, kind: str) -> bool:
    """True if it is enabled, its wire is one that we speak, and its model serves this kind."""
    kinds = endpoint.kinds
    if not endpoint.enabled:
        return False
    by_chat = kind == "chat" or (kind in INTERFACES and INTERFACES[kind].by_chat)  # translated from wire to wire
    if endpoint.adapted:
        return (by_chat and "chat" in kinds) or (kind == "embedding" and kind in kinds and endpoint.api in EMBEDS)
    if endpoint.dialect == "openai":
        return kind in kinds or (by_chat and "chat" in kinds)
    return endpoint.api in SPOKEN and by_chat and not kinds.isdisjoint({"chat", kind})
