"""Which answers of a route may be kept and given again, as far as the request says. Pure."""

from __future__ import annotations

from gateway.policy.decision import Decision
from gateway.signals.value import UNKNOWN

KINDS = ("chat", "completion", "responses", "messages", "embedding", "rerank", "moderation")
_ELSEWHERE = frozenset({"stored_state", "hosted_tools"})  # what is kept or done at the vendor changes by itself
_FILES = frozenset({"vision", "audio", "file"})
_TOOLS = frozenset({"tools", "parallel_tools"})


def made_anew(decision: Decision) -> str | None:
    """Why the answer to this request is never kept, nor one that is kept given to it; None if it may be.

    Only where the route has a cache.
    """
    cache, signals = decision.route.cache, decision.signals
    if cache is None:
        return "the route keeps no answers"
    if signals.get("kind") not in KINDS:
        return f"answers of the kind {signals.get('kind')} are not kept"
    needs = signals.get("needs", UNKNOWN)
    if not isinstance(needs, frozenset) or needs & _ELSEWHERE:
        return "it needs stored state or hosted tools"
    if needs & _FILES:
        return "it holds more than text"
    if needs & _TOOLS and not cache.tools:
        return "it offers tools, and the cache does not say `tools: true`"
    for clause in cache.when:
        value = signals.get(clause.signal, UNKNOWN)
        if value is UNKNOWN or not clause.holds(value):
            return f"the `when` of the cache does not hold: `{clause.signal}`"
    return None
