"""Where vendors put token counts and what they call them, as rows. Paths: dots for fields, [] for every item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Meaning = Literal[
    "input", "output", "cached", "cache_write", "reasoning", "audio", "total", "images", "seconds", "searches"
]


@dataclass(frozen=True, slots=True)
class Name:
    """A field of a usage block."""

    meaning: Meaning
    path: str
    vendor: str
    source: str
    checked: str = "2026-11-27"  # ISO date


@dataclass(frozen=True, slots=True)
class Place:
    """Where a usage block stands when it is not the reply's `usage`."""

    path: str
    vendor: str
    source: str
    checked: str = "2026-11-27"


_OPENAI = "developers.openai.com API reference"
_ANTHROPIC = "platform.claude.com prompt caching"

# Of each meaning the first path that holds a count above zero is it.
NAMES: tuple[Name, ...] = (
    Name("input", "prompt_tokens", "OpenAI", _OPENAI),
    Name("input", "input_tokens", "Anthropic, OpenAI Responses", _ANTHROPIC),
    Name("input", "promptTokenCount", "Google", "ai.google.dev UsageMetadata"),
    Name("input", "inputTokens", "Bedrock", "docs.aws.amazon.com TokenUsage"),
    Name("input", "inputTokenCount", "Bedrock", "opentelemetry-instrumentation-bedrock tests: gpt-oss chat chunks"),
    Name("output", "completion_tokens", "OpenAI", _OPENAI),
    Name("output", "output_tokens", "Anthropic, OpenAI Responses", _ANTHROPIC),
    Name("output", "candidatesTokenCount", "Google", "ai.google.dev UsageMetadata"),
    Name("output", "outputTokens", "Bedrock", "docs.aws.amazon.com TokenUsage"),
    Name("output", "outputTokenCount", "Bedrock", "opentelemetry-instrumentation-bedrock tests"),
    Name("output", "predicted_n", "llama.cpp", "llama.cpp tools/server README: timings"),
    Name("cached", "prompt_tokens_details.cached_tokens", "OpenAI", _OPENAI),
    Name("cached", "input_tokens_details.cached_tokens", "OpenAI Responses", _OPENAI),
    Name("cached", "prompt_cache_hit_tokens", "DeepSeek", "api-docs.deepseek.com context caching"),
    Name("cached", "cached_tokens", "Moonshot, Together", "earendil-works/pi#2017; go-moonshot#17"),
    Name("cached", "cache_read_input_tokens", "Anthropic and relays of it", _ANTHROPIC),
    Name("cached", "prompt_tokens_details.cache_read_input_tokens", "relays of Anthropic", "LiteLLM usage"),
    Name("cached", "prompt_tokens_details.cache_read_tokens", "relays of Anthropic", "new-api usage"),
    Name("cached", "cachedContentTokenCount", "Google", "ai.google.dev UsageMetadata"),
    Name("cached", "cacheReadInputTokens", "Bedrock", "docs.aws.amazon.com TokenUsage"),
    Name("cached", "cacheReadInputTokenCount", "Bedrock", "docs.aws.amazon.com InvokeModel metrics"),
    Name("cached", "cache_n", "llama.cpp", "llama.cpp tools/server README: timings"),
    Name(
        "cache_write",
        "prompt_tokens_details.cache_write_tokens",
        "OpenAI, OpenRouter",
        "epam/ai-dial-sdk#422; aaif-goose/goose#11472; gptme#2250",
    ),
    Name("cache_write", "input_tokens_details.cache_write_tokens", "OpenAI Responses", "epam/ai-dial-sdk#422"),
    Name(
        "cache_write",
        "prompt_tokens_details.cache_creation_input_tokens",
        "DashScope",
        "alibabacloud.com model-studio context cache: explicit cache",
    ),
    Name("cache_write", "prompt_tokens_details.cache_creation_tokens", "relays of Anthropic", "LiteLLM usage"),
    Name("cache_write", "prompt_tokens_details.cached_creation_tokens", "relays of Anthropic", "new-api usage"),
    Name("cache_write", "input_tokens_details.cache_creation_tokens", "relays of Anthropic", "LiteLLM usage"),
    Name("cache_write", "cache_creation_input_tokens", "Anthropic and relays of it", _ANTHROPIC),
    Name("cache_write", "cache_write_tokens", "relays of OpenAI", "gptme#2250"),
    Name("cache_write", "cache_creation_tokens", "relays of Anthropic", "new-api usage"),
    Name("cache_write", "cacheWriteInputTokens", "Bedrock", "docs.aws.amazon.com TokenUsage"),
    Name("cache_write", "cacheWriteInputTokenCount", "Bedrock", "docs.aws.amazon.com InvokeModel metrics"),
    Name("reasoning", "completion_tokens_details.reasoning_tokens", "OpenAI", _OPENAI),
    Name("reasoning", "output_tokens_details.reasoning_tokens", "OpenAI Responses", _OPENAI),
    Name("reasoning", "output_tokens_details.thinking_tokens", "Anthropic", "platform.claude.com extended thinking"),
    Name("reasoning", "completion_tokens_details.thinking_tokens", "relays of Anthropic", "LiteLLM usage"),
    Name("reasoning", "reasoning_tokens", "Perplexity, Together", "docs.perplexity.ai usage"),
    Name("reasoning", "thoughtsTokenCount", "Google", "ai.google.dev UsageMetadata"),
    Name("total", "total_tokens", "OpenAI", _OPENAI),
    Name("total", "totalTokenCount", "Google", "ai.google.dev UsageMetadata"),
    Name("total", "totalTokens", "Bedrock", "docs.aws.amazon.com TokenUsage"),
)

# What is counted beside tokens.
PIECES: tuple[Name, ...] = (
    Name("images", "images", "ours", "counted in the reply"),
    Name("seconds", "seconds", "OpenAI", "developers.openai.com API reference: transcription, usage by duration"),
    Name("searches", "search_units", "Cohere", "docs.cohere.com rerank: meta.billed_units"),
)

# A cache write that is told by how long it is kept is the sum of its parts.
CACHE_WRITE_PARTS = ("cache_creation", "prompt_tokens_details.cache_creation")

# Where tokens of pictures and sound (`image_tokens`, `audio_tokens`) are told apart, and of which half they are.
DETAILS = (
    ("prompt_tokens_details", "input"),
    ("input_tokens_details", "input"),
    ("input_token_details", "input"),  # of OpenAI's transcriptions
    ("completion_tokens_details", "output"),
    ("output_tokens_details", "output"),
)

PLACES: tuple[Place, ...] = (
    Place("choices[].usage", "Moonshot", "earendil-works/pi#2017; higress#1568"),
    Place("choices[].delta.usage", "relays", "neighbour of Moonshot's place"),
    Place("choices[].message.usage", "relays", "neighbour of Moonshot's place"),
    Place("x_groq.usage", "Groq", "console.groq.com: streams before include_usage"),
    Place("message.usage", "Anthropic", "platform.claude.com streaming: message_start"),
    Place("response.usage", "OpenAI Responses", _OPENAI),
    Place("usageMetadata", "Google", "ai.google.dev UsageMetadata"),
    Place("usage_metadata", "Google", "relays in snake case"),
    Place("amazon-bedrock-invocationMetrics", "Bedrock", "docs.aws.amazon.com InvokeModelWithResponseStream"),
    Place("token_usage", "relays", "one-api relays"),
    Place("timings", "llama.cpp", "llama.cpp tools/server README: without usage in old builds"),
)
