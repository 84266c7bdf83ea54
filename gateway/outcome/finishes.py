"""Finish reasons, as rows: what each vendor's word means. A row of the catalogue's `moderation:` goes before these.

* length: the token limit; cut: the vendor stopped it for another reason that leaves a reply incomplete
* context: the model's own limit: cut where text came, else a failure that another endpoint may not have
* filtered, declined: the host's filter, or the model itself, said no
* failed, overloaded: the vendor broke off; malformed: the model wrote a tool call that nobody can read
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Meaning = Literal["length", "cut", "context", "filtered", "declined", "failed", "overloaded", "malformed"]
MOST_REASON = 100  # characters of a finish reason: a vendor's word, not a place for the answer
NONE_YET = frozenset({"", "null", "none", "undefined"})  # said in chunks that finish nothing


@dataclass(frozen=True, slots=True)
class Finish:
    """Words that mean the same. They are compared in lower case, also each side of a colon by itself."""

    meaning: Meaning
    words: frozenset[str]
    vendor: str
    source: str
    checked: str  # ISO date


def _row(meaning: Meaning, words: str, vendor: str, source: str, checked: str = "2026-11-27") -> Finish:
    return Finish(meaning, frozenset(words.split()), vendor, source, checked)


ROWS: tuple[Finish, ...] = (
    _row("length", "length max_tokens max_output_tokens", "any", "OpenAI, Anthropic and Google API references"),
    _row("cut", "repetition_truncation", "Xiaomi MiMo", "recorded: MiMo stops a reply that repeats itself"),
    _row("cut", "time_limit", "watsonx", "ibm.github.io/watsonx-ai-node-sdk TextChatResultChoice", "2026-11-28"),
    _row("cut", "incomplete", "any", "OpenAI Responses' status through relays"),
    _row("cut", "other", "Google", "ai.google.dev FinishReason: stopped for no reason that is named"),
    _row("context", "model_context_window_exceeded", "Anthropic, Z.ai", "platform.claude.com on stop reasons"),
    _row("context", "model_length", "Mistral", "docs.mistral.ai API reference, FinishReason"),
    _row("context", "context_length context_length_exceeded context_window_exceeded", "any", "one-api relays"),
    _row(
        "filtered",
        "content_filter content_filtered content-filter contentfilter",
        "OpenAI, Azure, DeepSeek, Bedrock",
        "learn.microsoft.com content filter; api-docs.deepseek.com; AWS StopReason",
    ),
    _row("filtered", "sensitive", "Z.ai, Tencent", "docs.z.ai OpenAPI; cloud.tencent.com/document/product/1729"),
    _row("filtered", "risk_control content_risk", "any", "relays of Chinese vendors"),
    _row(
        "filtered",
        "safety recitation blocklist prohibited_content spii image_safety image_prohibited_content "
        "image_recitation jailbreak model_armor",
        "Google",
        "ai.google.dev FinishReason; relayed in lower case",
    ),
    _row("filtered", "guardrail_intervened guardrail", "Bedrock", "docs.aws.amazon.com Converse stopReason"),
    _row(
        "filtered",
        "moderation moderated blocked flagged violation error_toxic censored",
        "any",
        "Cohere ERROR_TOXIC; guardrail proxies",
    ),
    _row("declined", "refusal", "Anthropic", "platform.claude.com on stop reasons"),
    _row(
        "failed",
        "error errored failed failure internal_error",
        "OpenRouter, Mistral, Cohere",
        "openrouter.ai/docs errors; docs.mistral.ai FinishReason; seen beside MALFORMED_FUNCTION_CALL",
    ),
    _row(
        "failed",
        "abort aborted cancelled canceled",
        "vLLM, SGLang, DeepSeek",
        "vLLM FinishReason.ABORT; SGLang FINISH_ABORT; DeepSeek: seen",
    ),
    _row("failed", "network_error", "Z.ai", "docs.z.ai OpenAPI"),
    _row("failed", "timeout timed_out", "any", "relays"),
    _row("overloaded", "insufficient_system_resource engine_overloaded preempted", "DeepSeek", "api-docs.deepseek.com"),
    _row(
        "malformed",
        "malformed_function_call malformed_tool_call unexpected_tool_call too_many_tool_calls "
        "missing_thought_signature invalid_tool_call function_call_filter",
        "Google",
        "recorded: `function_call_filter: MALFORMED_FUNCTION_CALL`; ai.google.dev FinishReason",
    ),
    _row(
        "malformed", "malformed_model_output malformed_tool_use", "Bedrock", "docs.aws.amazon.com Converse stopReason"
    ),
)

_MEANINGS = {word: row.meaning for row in ROWS for word in row.words}


def said_of(reason: object) -> str | None:
    """The finish reason as it is kept; None if it is none: empty, or a null spelled as a text."""
    if isinstance(reason, dict):  # SGLang: {type, message}
        reason = reason.get("type")
    if not reason:
        return None
    word = str(reason)[:MOST_REASON].replace("\0", "")
    return None if word.strip().lower() in NONE_YET else word


@lru_cache(maxsize=1024)
def meaning_of(reason: str) -> Meaning | None:
    """None: an ordinary end, or a word that nobody knows."""
    whole = reason.strip().lower()
    head, _, tail = whole.partition(":")
    words = (whole, tail.strip(), head.strip())
    return next((_MEANINGS[word] for word in words if word in _MEANINGS), None)
