"""Chat Completions to Responses, the request. Which field is what: `FIELDS`; the rest of a body is refused by name."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate import messages_openai_responses as history
from gateway.upstreams.translate import tools_openai_responses as tools
from gateway.upstreams.translate.fields import NO_PLACE, Field, fill, never, nothing, only, same
from gateway.upstreams.translate.fields_openai import limit_in
from gateway.upstreams.translate.reading import Draft, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Memory, Translated, Untranslatable, Upstream
from gateway.upstreams.translate.wrapping import custom_names

_OLD = "is of the old kind of functions; use `tools`"
_SCHEMA = frozenset({"name", "description", "schema", "strict"})


def request(body: Body, upstream: Upstream, *, model: str, response_id: str, created_at: int) -> Translated:
    """Raises Untranslatable, GatewayError."""
    draft = Draft(upstream)
    draft.body = {"model": model, "store": False}  # Responses are kept unless they are told not to be
    history.converse(body, draft)
    fill(body, draft, FIELDS, but=_ELSEWHERE)
    if (limit := limit_in(body)) is not None:
        draft.body["max_output_tokens"] = limit
    wrapped = frozenset() if upstream.custom_tools else custom_names(body)
    memory = Memory(body, model, response_id, created_at, wrapped_tools=wrapped)
    return Translated(draft.body, memory, tuple(draft.adapted))


def _effort(value: Any, draft: Draft) -> None:
    effort, can = text(value, "reasoning_effort"), draft.upstream.can
    if not can or "reasoning" in can:
        draft.body.setdefault("reasoning", {})["effort"] = effort
    elif effort != "none":
        draft.adapt("reasoning_effort", "left out: the model does not reason")


def _summary(value: Any, draft: Draft) -> None:
    """Of `reasoning`, which some callers of Chat send beside `reasoning_effort`."""
    asked = mapping(value, "reasoning")
    known(asked, frozenset({"summary"}), "reasoning")
    if asked.get("summary") is None:
        return
    summary, can = text(asked["summary"], "reasoning.summary"), draft.upstream.can
    if not can or "reasoning" in can:
        draft.body.setdefault("reasoning", {})["summary"] = summary
    else:
        draft.adapt("reasoning.summary", "left out: the model does not reason")


def _format(value: Any, draft: Draft) -> None:
    wanted = mapping(value, "response_format")
    kind = wanted.get("type")
    if kind in ("text", "json_object"):
        known(wanted, frozenset({"type"}), "response_format")
        made = {"type": kind}
    elif kind == "json_schema":
        known(wanted, frozenset({"type", "json_schema"}), "response_format")
        given = mapping(wanted.get("json_schema"), "response_format.json_schema")
        known(given, _SCHEMA, "response_format.json_schema")
        text(given.get("name"), "response_format.json_schema.name")
        mapping(given.get("schema"), "response_format.json_schema.schema")
        made = {"type": kind, **{name: each for name, each in given.items() if each is not None}}
    else:
        raise Untranslatable("response_format.type", "must be `text`, `json_object` or `json_schema`")
    draft.body.setdefault("text", {})["format"] = made


def _verbosity(value: Any, draft: Draft) -> None:
    draft.body.setdefault("text", {})["verbosity"] = text(value, "verbosity")


def _flag(name: str) -> Field:
    def carry(value: Any, draft: Draft) -> None:
        if not isinstance(value, bool):
            raise wrong(name, "true or false")
        draft.body[name] = value

    return carry


def _streaming(value: Any, draft: Draft) -> None:
    """The usage at the end of a stream is written on the way back; Responses always tell it."""
    options = mapping(value, "stream_options")
    known(options, frozenset({"include_usage", "include_obfuscation"}), "stream_options")
    if options.get("include_obfuscation") is not None:
        draft.body["stream_options"] = {"include_obfuscation": options["include_obfuscation"]}


_ELSEWHERE = frozenset({"model", "messages", "max_tokens", "max_completion_tokens"})
FIELDS: dict[str, Field] = {
    "stream": same("stream"),
    "stream_options": _streaming,
    "temperature": same("temperature"),
    "top_p": same("top_p"),
    "tools": tools.define,
    "tool_choice": tools.choose,
    "parallel_tool_calls": _flag("parallel_tool_calls"),
    "reasoning_effort": _effort,
    "reasoning": _summary,
    "response_format": _format,
    "verbosity": _verbosity,
    "service_tier": same("service_tier"),
    "store": _flag("store"),
    "metadata": same("metadata"),
    "user": same("user"),
    "safety_identifier": same("safety_identifier"),
    "prompt_cache_key": same("prompt_cache_key"),
    "prompt_cache_options": same("prompt_cache_options"),
    "prompt_cache_retention": same("prompt_cache_retention"),
    "cache_control": nothing,
    "stop": only("stop", []),
    "n": only("n", 1),
    "logprobs": only("logprobs", False),
    "top_logprobs": only("top_logprobs", 0),
    "logit_bias": only("logit_bias", {}),
    "presence_penalty": only("presence_penalty", 0),
    "frequency_penalty": only("frequency_penalty", 0),
    "modalities": only("modalities", ["text"]),
    "functions": only("functions", []),
    "function_call": never("function_call", _OLD),
    "seed": never("seed"),
    "prediction": never("prediction"),
    "audio": never("audio"),
    "web_search_options": never("web_search_options"),
    "moderation": never("moderation"),
    "top_k": never("top_k", NO_PLACE),
}
