"""The `cache` of a route."""

from __future__ import annotations

from gateway.policy.authoring.conditions import Path, Scope
from gateway.policy.authoring.durations import seconds
from gateway.policy.authoring.shapes import CacheShape
from gateway.policy.authoring.vocabulary import Vocabularies, read_when
from gateway.policy.rules import Cache

LONGEST_S = 30 * 86_400.0


def cache_of(shape: CacheShape | None, words: Vocabularies, scope: Scope, at: Path) -> Cache | None:
    """None where every answer is made anew."""
    if shape is None:
        return None
    ttl_s = seconds(shape.ttl)
    if ttl_s > LONGEST_S:
        help_ = "an answer that is kept longer is a record: keep it where it is asked for"
        scope.error(f"`ttl` is {shape.ttl}; at most 30d", (*at, "ttl"), help=help_)
    return Cache(ttl_s, shape.scope, read_when(shape.when, words, scope, (*at, "when")), shape.tools)
