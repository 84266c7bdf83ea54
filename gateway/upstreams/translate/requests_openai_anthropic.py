"""Chat Completions to Messages, the request. Which field is what: `FIELDS`; the rest of a body is refused by name."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from gateway.upstreams.translate import messages_openai_anthropic as history
from gateway.upstreams.translate import tools_openai_anthropic as tools
from gateway.upstreams.translate.fields import Field, fill, never, nothing, only, same
from gateway.upstreams.translate.fields_openai import limit_in
from gateway.upstreams.translate.reading import Draft, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Memory, Translated, Untranslatable, Upstream
from gateway.upstreams.translate.wrapping import custom_names

USUAL_LIMIT = 8_192  # tokens of output, where neither caller nor catalogue knows a bound, and Messages must have one
MOST_USER = 256  # characters of `metadata.user_id`
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_TIERS = {"auto": "auto", "default": "standard_only"}
_OLD = "is of the old kind of functions; use `tools`"


def request(body: Body, upstream: Upstream, *, model: str, response_id: str, created_at: int) -> Translated:
    """Raises Untranslatable, GatewayError."""
    draft = Draft(upstream)
    draft.body = {"model": model}
    history.converse(body, draft)
    fill(body, draft, FIELDS, but=ELSEWHERE)
    _limit(body, draft)
    user_in(body, draft)
    tools.choose(body, draft)
    memory = Memory(body, model, response_id, created_at, wrapped_tools=custom_names(body))
    return Translated(draft.body, memory, tuple(draft.adapted))


def _limit(body: Body, draft: Draft) -> None:
    value = limit_in(body) or draft.upstream.max_output_tokens
    if value is None:
        value = USUAL_LIMIT
        draft.adapt("max_completion_tokens", f"absent→{USUAL_LIMIT}")
    draft.body["max_tokens"] = value


def user_in(body: Body, draft: Draft) -> None:
    """Sets `metadata`, by either name of a user."""
    given = [name for name in ("safety_identifier", "user") if body.get(name) is not None]
    for place, name in enumerate(given):
        user = text(body[name], name)
        if place:
            if user != body[given[0]]:
                draft.adapt(name, "left out: safety_identifier says it")
            continue
        draft.adapt(name, f"{name}→metadata.user_id")
        short = len(user) <= MOST_USER
        user = user if short else sha256(user.encode("utf-8", "surrogatepass")).hexdigest()
        draft.body["metadata"] = {"user_id": user}


def _stops(value: Any, draft: Draft) -> None:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise wrong("stop", "a string or a list of strings")
    stops = [text(stop, f"stop[{place}]") for place, stop in enumerate(value)]
    if stops:
        draft.body["stop_sequences"] = stops


def temperature(value: Any, draft: Draft) -> None:
    """As far as Messages take it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong("temperature", "a number")
    if not 0 <= value <= 1:
        raise Untranslatable("temperature", "must be from 0 to 1: the upstream takes no other")
    draft.body["temperature"] = value


def _effort(value: Any, draft: Draft) -> None:
    reason(value, "reasoning_effort", draft)


def _summary(value: Any, draft: Draft) -> None:
    """Of `reasoning`. One that is left to the model promises nothing."""
    asked = mapping(value, "reasoning")
    known(asked, frozenset({"summary"}), "reasoning")
    if asked.get("summary") not in (None, "auto"):
        raise Untranslatable("reasoning.summary", "must be `auto`: the upstream has no other")


def reason(value: object, path: str, draft: Draft) -> None:
    """Sets `thinking`, or what is to be spent on it. `path`: the caller's."""
    effort, can = text(value, path), draft.upstream.can
    if effort != "none" and effort not in _EFFORTS:
        raise Untranslatable(path, f"must be `none`, `{'`, `'.join(_EFFORTS)}`")
    if can and "reasoning" not in can:
        if effort != "none":
            draft.adapt(path, "left out: the model does not reason")
    elif effort == "none":
        draft.body["thinking"] = {"type": "disabled"}
    else:
        draft.body.setdefault("output_config", {})["effort"] = effort


def _format(value: Any, draft: Draft) -> None:
    wanted = mapping(value, "response_format")
    kind = wanted.get("type")
    if kind == "text":
        known(wanted, frozenset({"type"}), "response_format")
    elif kind == "json_schema":
        known(wanted, frozenset({"type", "json_schema"}), "response_format")
        given = mapping(wanted.get("json_schema"), "response_format.json_schema")
        known(given, frozenset({"name", "description", "schema", "strict"}), "response_format.json_schema")
        schema = mapping(given.get("schema"), "response_format.json_schema.schema")
        draft.body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": schema}
    elif kind == "json_object":
        raise Untranslatable("response_format", "must give a schema (`json_schema`): the upstream has no JSON without")
    else:
        raise Untranslatable("response_format.type", "must be `text` or `json_schema`")


def _store(value: Any, draft: Draft) -> None:
    if not isinstance(value, bool):
        raise wrong("store", "true or false")
    if value:
        draft.adapt("store", "true→false")


def _metadata(value: Any, draft: Draft) -> None:
    """Its caller gets it back, see `replies_openai_anthropic.whole`."""
    mapping(value, "metadata")


def tier(value: Any, draft: Draft) -> None:
    """`service_tier`."""
    if not isinstance(value, str) or value not in _TIERS:
        raise Untranslatable("service_tier", "must be `auto` or `default`: the upstream has no other")
    draft.body["service_tier"] = _TIERS[value]


def _cache(value: Any, draft: Draft) -> None:
    """Hints about prices, but for what is none."""
    known(mapping(value, "prompt_cache_options"), frozenset({"mode", "ttl"}), "prompt_cache_options")


def _streaming(value: Any, draft: Draft) -> None:
    options = mapping(value, "stream_options")
    known(options, frozenset({"include_usage", "include_obfuscation"}), "stream_options")
    if options.get("include_obfuscation"):
        raise Untranslatable("stream_options.include_obfuscation", "has no place in the upstream's dialect")


ELSEWHERE = frozenset({  # read beside others
    "model", "messages", "max_tokens", "max_completion_tokens", "user", "safety_identifier", "tool_choice",
    "parallel_tool_calls",
})  # fmt: skip
FIELDS: dict[str, Field] = {
    "stream": same("stream"),
    "stream_options": _streaming,  # the usage at the end of a stream is written on the way back
    "stop": _stops,
    "temperature": temperature,
    "top_p": same("top_p"),
    "top_k": same("top_k"),
    "tools": tools.define,
    "reasoning_effort": _effort,
    "reasoning": _summary,
    "response_format": _format,
    "verbosity": only("verbosity", "medium"),
    "service_tier": tier,
    "store": _store,
    "metadata": _metadata,
    "prompt_cache_key": nothing,
    "prompt_cache_options": _cache,
    "prompt_cache_retention": nothing,
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
}
