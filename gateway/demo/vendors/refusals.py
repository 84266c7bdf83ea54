"""The ways vendors say no, as they were recorded: bodies and finish reasons; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.demo.vendors import prose
from gateway.demo.vendors.profiles import Vendor

_INVALID = {"type": "invalid_request_error"}


@dataclass(frozen=True, slots=True)
class Say:
    """What a reply consists of, before it is put on the wire."""

    text: str
    finish: str = "stop"
    thoughts: str = ""
    refusal: str | None = None  # OpenAI's message.refusal
    calls: tuple[dict[str, Any], ...] = ()  # of tools: `{"name", "arguments"}`, or `{"name", "input"}`
    stopped_by: str | None = None  # the text that was to stop it, and did
    error: dict[str, Any] | None = None  # `{"message", "type", "code"}` with status 400 instead


def _risk_400(prompt: str, usual: Say) -> Say:
    return Say("", error={**_INVALID, "message": "Content Exists Risk", "code": "invalid_request_error"})


def _policy_400(prompt: str, usual: Say) -> Say:
    message = "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
    return Say("", error={**_INVALID, "message": message, "code": "invalid_prompt"})


def _sensitive(prompt: str, usual: Say) -> Say:
    return Say("", finish="sensitive")


def _empty(prompt: str, usual: Say) -> Say:
    return Say("")


def _canned(prompt: str, usual: Say) -> Say:
    return Say(prose.canned(prompt), thoughts=usual.thoughts)


def _evade(prompt: str, usual: Say) -> Say:
    return Say(prose.evasion(prompt), thoughts=usual.thoughts)


def _mid_stream(prompt: str, usual: Say) -> Say:
    pieces = prose.tokens(usual.text)
    return Say("".join(pieces[: len(pieces) // 2]), finish="content_filter", thoughts=usual.thoughts)


def _refusal_field(prompt: str, usual: Say) -> Say:
    return Say("", refusal=prose.REFUSAL_FIELD)


WAYS = {
    "risk_400": _risk_400,  # DeepSeek: 400 before the model, github.com/deepseek-ai/DeepSeek-V2/issues/30
    "policy_400": _policy_400,  # OpenAI: 400 before the model
    "sensitive": _sensitive,  # Zhipu: 200 with finish_reason `sensitive`, its OpenAPI description
    "empty": _empty,  # MiniMax: 200 with an empty answer, its list of error codes
    "canned": _canned,
    "evade": _evade,
    "mid_stream": _mid_stream,  # DeepSeek: finish_reason `content_filter` after part of the answer, its API guide
    "refusal_field": _refusal_field,  # OpenAI: message.refusal
}


def way(prompt: str, vendor: Vendor) -> str | None:
    """How this vendor says no to the prompt; None if it answers."""
    plain = prompt.lower()
    for name, words in vendor.topics.items():
        if any(word in plain for word in words):
            return name
    return None
