"""Responses to Chat Completions, the request. Which field is what: `FIELDS`; the rest of a body is refused by name."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate import history_responses_openai as history
from gateway.upstreams.translate import namespaces
from gateway.upstreams.translate import tools_responses_openai as tools
from gateway.upstreams.translate.fields import NO_PLACE, Field, fill, never, nothing, only, same
from gateway.upstreams.translate.reading import Draft, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Memory, Translated, Untranslatable, Upstream

_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_FORMATS = {
    "text": {"type"},
    "json_object": {"type"},
    "json_schema": {"type", "name", "schema", "description", "strict"},
}
_NO_STATE = "refers to what its vendor keeps, and nothing is kept here; send the whole conversation in `input`"
_NO_VENDOR = "is done at its vendor, which the upstream cannot"


def request(body: Body, upstream: Upstream, *, model: str, response_id: str, created_at: int) -> Translated:
    """Raises Untranslatable, GatewayError."""
    draft = Draft(upstream)
    draft.body = {"model": model}
    namespaces.prepare(body, draft)
    fill(body, draft, FIELDS, but=ELSEWHERE)
    tools.choose(body, draft)
    draft.body["messages"] = history.messages(body, draft)
    wrapped, back = tools.wrapped_names(body, draft), namespaces.names_back(draft)
    memory = Memory(body, model, response_id, created_at, wrapped_tools=wrapped, namespaced=back)
    return Translated(draft.body, memory, tuple(draft.adapted))


def _limit(value: Any, draft: Draft) -> None:
    if type(value) is not int or value < 1:
        raise wrong("max_output_tokens", "a whole number above 0")
    draft.body[draft.upstream.limit_field] = value


def _written(value: Any, draft: Draft) -> None:
    config = mapping(value, "text")
    known(config, frozenset({"format", "verbosity"}), "text")
    if config.get("verbosity") is not None:
        draft.body["verbosity"] = text(config["verbosity"], "text.verbosity")
    if config.get("format") is None:
        return
    wanted = mapping(config["format"], "text.format")
    kind = wanted.get("type")
    if not isinstance(kind, str) or kind not in _FORMATS:
        raise Untranslatable("text.format.type", "must be `text`, `json_object` or `json_schema`")
    known(wanted, frozenset(_FORMATS[kind]), "text.format")
    if kind == "json_schema":
        mapping(wanted.get("schema"), "text.format.schema")
        schema = {name: given for name, given in wanted.items() if name != "type" and given is not None}
        draft.body["response_format"] = {"type": kind, kind: schema}
    elif kind == "json_object":
        draft.body["response_format"] = {"type": kind}


def effort_in(value: Any) -> Any:
    """Of `reasoning`. A summary that is left to the model promises nothing."""
    config = mapping(value, "reasoning")
    known(config, frozenset({"effort", "summary", "generate_summary", "mode", "context"}), "reasoning")
    usual = {"summary": "auto", "generate_summary": "auto", "mode": "standard", "context": "auto"}
    for name, word in usual.items():
        if config.get(name) not in (None, word):
            raise Untranslatable(f"reasoning.{name}", f"must be `{word}`: the upstream has no other")
    return config.get("effort")


def _reasoning(value: Any, draft: Draft) -> None:
    given = effort_in(value)
    if given is None:
        return
    effort, can = text(given, "reasoning.effort"), draft.upstream.can
    if not can or "reasoning" in can:
        draft.body["reasoning_effort"] = effort
    elif effort != "none":
        draft.adapt("reasoning.effort", "left out: the model does not reason")


def _include(value: Any, draft: Draft) -> None:
    """Reasoning comes as a text: nothing of it is encrypted."""
    if not isinstance(value, list):
        raise wrong("include", "a list")
    for place, name in enumerate(value):
        if name != "reasoning.encrypted_content":
            raise Untranslatable(f"include[{place}]", "asks for what the upstream does not tell")


def _store(value: Any, draft: Draft) -> None:
    if not isinstance(value, bool):
        raise wrong("store", "true or false")
    if value:
        draft.adapt("store", "true→false")


def _metadata(value: Any, draft: Draft) -> None:
    draft.body["metadata"] = mapping(value, "metadata")


def _tier(value: Any, draft: Draft) -> None:
    if not isinstance(value, str) or value not in _TIERS:
        raise Untranslatable("service_tier", "names a tier that the upstream has not")
    draft.body["service_tier"] = value


def cache_options(value: Any) -> dict[str, Any]:
    """Those that are hints about prices; the rest is refused."""
    options = mapping(value, "prompt_cache_options")
    known(options, frozenset({"mode", "ttl", "prewarm"}), "prompt_cache_options")
    if options.get("prewarm"):
        raise Untranslatable("prompt_cache_options.prewarm", NO_PLACE)
    return {name: options[name] for name in ("mode", "ttl") if name in options}


def _cache(value: Any, draft: Draft) -> None:
    draft.body["prompt_cache_options"] = cache_options(value)


def _streaming(value: Any, draft: Draft) -> None:
    options = mapping(value, "stream_options")
    known(options, frozenset({"include_obfuscation"}), "stream_options")
    if options.get("include_obfuscation"):
        raise Untranslatable("stream_options.include_obfuscation", NO_PLACE)


ELSEWHERE = frozenset({"model", "input", "instructions", "tool_choice", "parallel_tool_calls"})
FIELDS: dict[str, Field] = {
    "stream": same("stream"),
    "stream_options": _streaming,
    "max_output_tokens": _limit,
    "temperature": same("temperature"),
    "top_p": same("top_p"),
    "presence_penalty": same("presence_penalty"),  # these two are the Open Responses specification's
    "frequency_penalty": same("frequency_penalty"),
    "tools": tools.define,
    "text": _written,
    "reasoning": _reasoning,
    "include": _include,
    "store": _store,
    "metadata": _metadata,
    "service_tier": _tier,
    "user": same("user"),
    "safety_identifier": same("safety_identifier"),
    "client_metadata": nothing,  # what Codex tells its vendor of itself
    "prompt_cache_key": same("prompt_cache_key"),
    "prompt_cache_options": _cache,
    "prompt_cache_retention": same("prompt_cache_retention"),
    "truncation": only("truncation", "disabled"),
    "background": only("background", False),
    "top_logprobs": only("top_logprobs", 0),
    "context_management": only("context_management", []),
    "previous_response_id": never("previous_response_id", _NO_STATE),
    "conversation": never("conversation", _NO_STATE),
    "prompt": never("prompt", _NO_STATE),
    "max_tool_calls": never("max_tool_calls"),
    "moderation": never("moderation", _NO_VENDOR),
    "access_programs": never("access_programs", _NO_VENDOR),
}
