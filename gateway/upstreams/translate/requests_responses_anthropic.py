"""Responses to Messages, the request. Which field is what: `FIELDS`; the rest of a body is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.upstreams.translate import history_responses_anthropic as history
from gateway.upstreams.translate import namespaces, tools_openai_anthropic, tools_responses_openai
from gateway.upstreams.translate import requests_responses_openai as chat
from gateway.upstreams.translate.fields import Field, fill, nothing, only
from gateway.upstreams.translate.reading import Draft, known, mapping, wrong
from gateway.upstreams.translate.requests_openai_anthropic import USUAL_LIMIT, reason, temperature, tier, user_in
from gateway.upstreams.translate.spec import Body, Memory, Translated, Untranslatable, Upstream

_NO_PARAMETERS = {"type": "object", "properties": {}}
_FORMAT = frozenset({"type", "name", "schema", "description", "strict"})


def request(body: Body, upstream: Upstream, *, model: str, response_id: str, created_at: int) -> Translated:
    """Raises Untranslatable, GatewayError."""
    draft = Draft(replace(upstream, custom_tools=False) if upstream.custom_tools else upstream)  # functions alone
    draft.body = {"model": model}
    namespaces.prepare(body, draft)
    history.converse(body, draft)
    fill(body, draft, FIELDS, but=ELSEWHERE)
    _limit(body, draft)
    user_in(body, draft)
    _choose(body, draft)
    wrapped = tools_responses_openai.wrapped_names(body, draft)
    memory = Memory(
        body, model, response_id, created_at, wrapped, namespaced=namespaces.names_back(draft), vendor=upstream.vendor
    )
    return Translated(draft.body, memory, tuple(draft.adapted))


def _limit(body: Body, draft: Draft) -> None:
    value = body.get("max_output_tokens")
    if value is None:
        value = draft.upstream.max_output_tokens
    elif type(value) is not int or value < 1:
        raise wrong("max_output_tokens", "a whole number above 0")
    if value is None:
        value = USUAL_LIMIT
        draft.adapt("max_output_tokens", f"absent→{USUAL_LIMIT}")
    draft.body["max_tokens"] = value


def _define(value: Any, draft: Draft) -> None:
    made = []
    for path, tool in namespaces.listed(value, draft):
        function = tools_responses_openai.read_tool(tool, path, draft)["function"]
        schema = function.pop("parameters", None)
        if function.get("strict") is not True:
            function.pop("strict", None)
        made.append({**function, "input_schema": {"type": "object", **schema} if schema else _NO_PARAMETERS})
    if made:
        draft.body["tools"] = made


def _choose(body: Body, draft: Draft) -> None:
    """As Chat has it first: which tools there are is asked there too."""
    tools_responses_openai.choose(body, draft)
    names = ("tool_choice", "parallel_tool_calls")
    tools_openai_anthropic.choose({name: draft.body.pop(name, None) for name in names}, draft)


def _written(value: Any, draft: Draft) -> None:
    config = mapping(value, "text")
    known(config, frozenset({"format", "verbosity"}), "text")
    if config.get("verbosity") not in (None, "medium"):
        raise Untranslatable("text.verbosity", "must be `medium`: the upstream has no other")
    wanted = mapping({"type": "text"} if config.get("format") is None else config["format"], "text.format")
    if wanted.get("type") == "json_schema":
        known(wanted, _FORMAT, "text.format")
        schema = mapping(wanted.get("schema"), "text.format.schema")
        draft.body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": schema}
    elif wanted.get("type") == "text":
        known(wanted, frozenset({"type"}), "text.format")
    elif wanted.get("type") == "json_object":
        raise Untranslatable("text.format", "must give a schema (`json_schema`): the upstream has no JSON without")
    else:
        raise Untranslatable("text.format.type", "must be `text` or `json_schema`")


def _reasoning(value: Any, draft: Draft) -> None:
    effort = chat.effort_in(value)
    if effort is not None:
        reason(effort, "reasoning.effort", draft)


def _metadata(value: Any, draft: Draft) -> None:
    """Its caller gets it back, see `responses_answer`."""
    mapping(value, "metadata")


def _cache(value: Any, draft: Draft) -> None:
    """A hint about prices, unless it asks for what is no answer."""
    chat.cache_options(value)


ELSEWHERE = chat.ELSEWHERE | {"max_output_tokens", "user", "safety_identifier"}
FIELDS: dict[str, Field] = {
    **{name: field for name, field in chat.FIELDS.items() if name not in ELSEWHERE},
    "temperature": temperature,
    "presence_penalty": only("presence_penalty", 0),
    "frequency_penalty": only("frequency_penalty", 0),
    "tools": _define,
    "text": _written,
    "reasoning": _reasoning,
    "metadata": _metadata,
    "service_tier": tier,
    "prompt_cache_key": nothing,
    "prompt_cache_options": _cache,
    "prompt_cache_retention": nothing,
}
