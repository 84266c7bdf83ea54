"""Messages to Chat Completions, the request. Which field is what: `FIELDS`; the rest of a body is refused by name."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from gateway.upstreams.translate import messages_anthropic_openai as history
from gateway.upstreams.translate import tools_anthropic_openai as tools
from gateway.upstreams.translate.fields import Field, fill, never, nothing, same
from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Memory, Translated, Untranslatable, Upstream

MOST_STOPS = 4
MOST_NAME = 128  # characters of `safety_identifier`
_BUDGETS = ((4_096, "low"), (16_384, "medium"))  # below so many tokens of thinking; `high` above
_ELSEWHERE = "is kept by its vendor, or runs there"


def request(body: Body, upstream: Upstream, *, model: str, response_id: str, created_at: int) -> Translated:
    """Raises Untranslatable, GatewayError."""
    draft = Draft(upstream)
    draft.body = {"model": model, "messages": history.messages(body, draft)}
    fill(body, draft, FIELDS, but=_HISTORY)
    _think(body, draft)
    tools.choose(body, draft)
    memory = Memory(body, model, response_id, created_at)
    return Translated(draft.body, memory, tuple(draft.adapted))


def _limit(value: Any, draft: Draft) -> None:
    if type(value) is not int:
        raise wrong("max_tokens", "a whole number")
    if value < 1:
        raise Untranslatable("max_tokens", "of 0 warms a cache of its vendor's, which the upstream has not")
    draft.body[draft.upstream.limit_field] = value


def _stops(value: Any, draft: Draft) -> None:
    if not isinstance(value, list):
        raise wrong("stop_sequences", "a list")
    stops = [text(stop, f"stop_sequences[{place}]") for place, stop in enumerate(value)]
    if len(stops) > MOST_STOPS:
        raise Untranslatable("stop_sequences", f"has {len(stops)}; the upstream takes at most {MOST_STOPS}")
    if stops:
        draft.body["stop"] = stops


def _output(value: Any, draft: Draft) -> None:
    config = mapping(value, "output_config")
    known(config, frozenset({"effort", "format"}), "output_config")
    if config.get("format") is not None:
        wanted = mapping(config["format"], "output_config.format")
        if wanted.get("type") != "json_schema":
            raise Untranslatable("output_config.format.type", "must be `json_schema`")
        schema = {"name": "answer", "schema": wanted.get("schema"), "strict": True}
        draft.body["response_format"] = {"type": "json_schema", "json_schema": schema}


def _context(value: Any, draft: Draft) -> None:
    config = mapping(value, "context_management")
    known(config, frozenset({"edits"}), "context_management")
    for path, edit in items(config.get("edits") or [], "context_management.edits"):
        if edit.get("type") != "clear_thinking_20251015" or edit.get("keep") != "all":
            raise Untranslatable(path, "edits the context at its vendor, which the upstream cannot")


def _metadata(value: Any, draft: Draft) -> None:
    given = mapping(value, "metadata")
    known(given, frozenset({"user_id"}), "metadata")
    if given.get("user_id") is not None:
        user = text(given["user_id"], "metadata.user_id")
        draft.adapt("metadata.user_id", "user_id→safety_identifier")
        draft.body["safety_identifier"] = user if len(user) <= MOST_NAME else sha256(user.encode()).hexdigest()


def _tier(value: Any, draft: Draft) -> None:
    tiers = {"auto": "auto", "standard_only": "default"}
    if not isinstance(value, str) or value not in tiers:
        raise Untranslatable("service_tier", "must be `auto` or `standard_only`")
    draft.body["service_tier"] = tiers[value]


def _think(body: Body, draft: Draft) -> None:
    """`output_config.effort` says it exactly; a budget of thinking says it about."""
    effort = mapping(body.get("output_config") or {}, "output_config").get("effort")
    thinking = mapping(body.get("thinking") or {}, "thinking")
    kind = thinking.get("type")
    if kind not in (None, "adaptive", "enabled", "disabled"):
        raise Untranslatable("thinking.type", "must be `adaptive`, `enabled` or `disabled`")
    if effort is None and kind == "disabled":
        effort = "none"
        draft.adapt("thinking", "disabled→reasoning_effort none")
    elif effort is None and kind == "enabled":
        budget = thinking.get("budget_tokens")
        if type(budget) is not int:
            raise wrong("thinking.budget_tokens", "a whole number")
        effort = next((word for most, word in _BUDGETS if budget < most), "high")
        draft.adapt("thinking.budget_tokens", f"budget→reasoning_effort {effort}")
    if effort is None:
        return
    if draft.upstream.can and "reasoning" not in draft.upstream.can:
        draft.adapt("thinking" if kind else "output_config.effort", "left out: the model does not reason")
        return
    draft.body["reasoning_effort"] = text(effort, "output_config.effort")


_HISTORY = frozenset({"model", "messages", "system"})
FIELDS: dict[str, Field] = {
    "max_tokens": _limit,
    "stream": same("stream"),
    "temperature": same("temperature"),
    "top_p": same("top_p"),
    "top_k": never("top_k"),
    "stop_sequences": _stops,
    "tools": tools.define,
    "tool_choice": nothing,  # beside the tools, see `tools.choose`
    "thinking": nothing,  # see `_think`
    "output_config": _output,
    "context_management": _context,
    "metadata": _metadata,
    "service_tier": _tier,
    "cache_control": nothing,
    "mcp_servers": never("mcp_servers", _ELSEWHERE),
    "container": never("container", _ELSEWHERE),
    "inference_geo": never("inference_geo", "is a promise of its vendor's; a guard of the policy keeps data in place"),
}
