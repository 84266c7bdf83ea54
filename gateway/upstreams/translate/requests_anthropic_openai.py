"""Messages to Chat Completions, the request. Which field is what: `FIELDS`; the rest of a body is refused by name."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate import messages_anthropic_openai as history
from gateway.upstreams.translate import tools_anthropic_openai as tools
from gateway.upstreams.translate.fields import Field, fill, never, nothing, only, same
from gateway.upstreams.translate.fields_anthropic import (
    context,
    effort_in,
    limit,
    metadata,
    must_be_bounded,
    schema_in,
    tier,
)
from gateway.upstreams.translate.reading import Draft, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Memory, Translated, Untranslatable, Upstream

MOST_STOPS = 4
_ELSEWHERE = "is kept by its vendor, or runs there"


def request(body: Body, upstream: Upstream, *, model: str, response_id: str, created_at: int) -> Translated:
    """Raises Untranslatable, GatewayError."""
    draft = Draft(upstream)
    draft.body = {"model": model, "messages": history.messages(body, draft)}
    must_be_bounded(body)
    fill(body, draft, FIELDS, but=_HISTORY)
    if (effort := effort_in(body, draft, "reasoning_effort")) is not None:
        draft.body["reasoning_effort"] = effort
    tools.choose(body, draft)
    memory = Memory(body, model, response_id, created_at)
    return Translated(draft.body, memory, tuple(draft.adapted))


def _limit(value: Any, draft: Draft) -> None:
    limit(value, draft.upstream.limit_field, draft)


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
        schema = {"name": "answer", "schema": schema_in(config), "strict": True}
        draft.body["response_format"] = {"type": "json_schema", "json_schema": schema}


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
    "thinking": nothing,  # see `effort_in`
    "output_config": _output,
    "context_management": context,
    "metadata": metadata,
    "service_tier": tier,
    "cache_control": nothing,
    "mcp_servers": only("mcp_servers", [], why=_ELSEWHERE),
    "container": never("container", _ELSEWHERE),
    "inference_geo": never("inference_geo", "is a promise of its vendor's; a guard of the policy keeps data in place"),
}
