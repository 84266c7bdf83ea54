"""Messages to Responses, the request. Which field is what: `FIELDS`; the rest of a body is refused by name."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate import messages_anthropic_responses as history
from gateway.upstreams.translate import tools_anthropic_openai as tools
from gateway.upstreams.translate.fields import NO_PLACE, Field, fill, never, nothing, only, same
from gateway.upstreams.translate.fields_anthropic import (
    context,
    effort_in,
    limit,
    metadata,
    must_be_bounded,
    schema_in,
    tier,
)
from gateway.upstreams.translate.reading import Draft, items, known, mapping
from gateway.upstreams.translate.spec import Body, Memory, Translated, Upstream

MOST_NAME = 128  # characters of a tool's name, as many as Messages take
_ELSEWHERE = "is kept by its vendor, or runs there"


def request(body: Body, upstream: Upstream, *, model: str, response_id: str, created_at: int) -> Translated:
    """Raises Untranslatable, GatewayError."""
    draft = Draft(upstream)
    draft.body = {"model": model, "store": False}  # Responses are kept unless they are told not to be
    history.converse(body, draft)
    must_be_bounded(body)
    fill(body, draft, FIELDS, but=_HISTORY)
    _reason(body, draft)
    tools.choose(body, draft)
    if isinstance(choice := draft.body.get("tool_choice"), dict):
        draft.body["tool_choice"] = {"type": "function", **choice["function"]}
    memory = Memory(body, model, response_id, created_at, vendor=upstream.vendor)
    return Translated(draft.body, memory, tuple(draft.adapted))


def _reason(body: Body, draft: Draft) -> None:
    """What is thought comes encrypted, so that the next turn can bring it back; a summary only if it is asked for."""
    can = draft.upstream.can
    effort = effort_in(body, draft, "reasoning.effort")
    if can and "reasoning" not in can:
        return
    draft.body["include"] = ["reasoning.encrypted_content"]
    asked = {"effort": effort} if effort is not None else {}
    if mapping(body.get("thinking") or {}, "thinking").get("display") == "summarized":
        asked["summary"] = "auto"
    if asked:
        draft.body["reasoning"] = asked


def _define(value: Any, draft: Draft) -> None:
    made = [tools.function(tool, path, most_name=MOST_NAME) for path, tool in items(value, "tools")]
    if made:  # Responses are strict unless they are told not to be
        draft.body["tools"] = [{"type": "function", **each, "strict": each.get("strict") is True} for each in made]


def _limit(value: Any, draft: Draft) -> None:
    limit(value, "max_output_tokens", draft)


def _output(value: Any, draft: Draft) -> None:
    config = mapping(value, "output_config")
    known(config, frozenset({"effort", "format"}), "output_config")
    if config.get("format") is not None:
        schema = {"type": "json_schema", "name": "answer", "schema": schema_in(config), "strict": True}
        draft.body["text"] = {"format": schema}


_HISTORY = frozenset({"model", "messages", "system"})
FIELDS: dict[str, Field] = {
    "max_tokens": _limit,
    "stream": same("stream"),
    "temperature": same("temperature"),
    "top_p": same("top_p"),
    "top_k": never("top_k"),
    "stop_sequences": only("stop_sequences", []),
    "tools": _define,
    "tool_choice": nothing,  # beside the tools, see `tools.choose`
    "thinking": nothing,  # see `_reason`
    "output_config": _output,
    "context_management": context,
    "metadata": metadata,
    "service_tier": tier,
    "cache_control": nothing,
    "mcp_servers": only("mcp_servers", [], why=_ELSEWHERE),
    "container": never("container", _ELSEWHERE),
    "inference_geo": never("inference_geo", "is a promise of its vendor's; a guard of the policy keeps data in place"),
    "fallbacks": never("fallbacks", NO_PLACE),
}
