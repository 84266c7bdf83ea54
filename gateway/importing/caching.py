"""A peer's cache of answers becomes the `cache` of every route: exact, for the team that asked."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from gateway.importing.draft import Draft
from gateway.importing.litellm_names import number
from gateway.source.peer import Path

LONGEST_S = 30 * 86_400
_LITELLM_S = {"local": 600}  # what LiteLLM keeps answers for where nothing is said; elsewhere a minute
_PORTKEY_S = 7 * 86_400
_KINDS = {
    "completion": "chat", "acompletion": "chat", "text_completion": "completion", "atext_completion": "completion",
    "embedding": "embedding", "aembedding": "embedding", "responses": "responses", "aresponses": "responses",
    "anthropic_messages": "messages", "rerank": "rerank", "arerank": "rerank", "moderation": "moderation",
    "amoderation": "moderation",
}  # fmt: skip
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_OTHERWISE = (
    "kept for {ttl}, for the team that asked (there: for everybody), in each worker's memory or, shared, in Redis by "
    "`GATEWAY_REDIS_URL`; never what offers tools, holds images or files, or was refused or cut"
)
_ALIKE = "; only exactly the same question is answered again (there: one that is like it, too)"


def litellm_cache(draft: Draft, data: Mapping[str, Any]) -> None:
    """`litellm_settings.cache` with its `cache_params`."""
    found, at = data.get("litellm_settings"), ("litellm_settings", "cache")
    settings = found if isinstance(found, dict) else {}
    if "cache" not in settings:
        return
    if not settings["cache"]:
        draft.findings.carried(at)
        return
    params, inner = settings.get("cache_params"), ("litellm_settings", "cache_params")
    params = params if isinstance(params, dict) else {}
    if params.get("mode") == "default_off":
        words = "answers were kept where a request asked for it; here a route says it: `cache: {ttl: 1h}`"
        draft.findings.tell("not_carried", at, words)
        return
    kinds = _kinds(draft, params, (*inner, "supported_call_types"))
    if kinds == []:
        draft.findings.tell("not_carried", at, "nothing that it kept is kept here")
        return
    store = str(params.get("type") or "redis")
    draft.findings.carried(*((*inner, name) for name in ("type", "mode", "ttl", "supported_call_types")))
    _keep(draft, at, number(params.get("ttl")), _LITELLM_S.get(store, 60), alike="semantic" in store, kinds=kinds)


def _kinds(draft: Draft, params: Mapping[str, Any], at: Path) -> list[str] | None:
    """None: all that can be kept."""
    named = params.get("supported_call_types")
    if not isinstance(named, list):
        return None
    lost = sorted({str(each) for each in named if str(each) not in _KINDS})
    if lost:
        draft.findings.tell("not_carried", at, f"answers to {', '.join(lost)} are not kept")
    return list(dict.fromkeys(_KINDS[str(each)] for each in named if str(each) in _KINDS))


def portkey_cache(draft: Draft, cache: object, path: Path) -> None:
    """`cache` of a configuration; that of one target among several is told alone."""
    if len(path) > 1:
        draft.findings.tell("not_carried", path, "of one target: a route keeps answers here, whoever gave them")
        return
    given = {"mode": cache} if isinstance(cache, str) else cache if isinstance(cache, dict) else {}
    age = number(given.get("max_age", given.get("maxAge")))
    _keep(draft, path, age, _PORTKEY_S, alike=given.get("mode") == "semantic")


def _keep(
    draft: Draft, path: Path, ttl_s: float | None, usual_s: int, *, alike: bool, kinds: list[str] | None = None
) -> None:
    seconds = min(LONGEST_S, max(1, ceil(ttl_s if ttl_s is not None else usual_s)))
    size, letter = next(unit for unit in _UNITS if seconds % unit[0] == 0)
    draft.cache = {"ttl": f"{seconds // size}{letter}"} | ({"when": {"kind": kinds}} if kinds else {})
    said = _OTHERWISE.format(ttl=f"{seconds:,} s" + ("" if ttl_s is not None else ", as where nothing is said there"))
    draft.findings.tell("assumed", path, said + (_ALIKE if alike else ""))
