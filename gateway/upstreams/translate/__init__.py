"""Pure translators between dialects: a request on its way out, a reply (whole or event by event) on its way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.upstreams.translate import (
    replies_anthropic_openai,
    replies_anthropic_responses,
    replies_openai_anthropic,
    replies_openai_responses,
    replies_responses_anthropic,
    replies_responses_openai,
    requests_anthropic_openai,
    requests_anthropic_responses,
    requests_openai_anthropic,
    requests_openai_responses,
    requests_responses_anthropic,
    requests_responses_openai,
    streams_openai_anthropic,
)
from gateway.upstreams.translate.spec import Body, Memory, StreamTranslator, Translated

__all__ = ["TRANSLATORS", "Translator"]


@dataclass(frozen=True, slots=True)
class Translator:
    """One ordered pair: a caller's dialect and an upstream's."""

    request: Callable[..., Translated]
    whole: Callable[[Body, Memory], dict[str, Any]]
    stream: Callable[[Memory], StreamTranslator]


TRANSLATORS = {
    ("anthropic", "openai"): Translator(
        requests_anthropic_openai.request, replies_anthropic_openai.whole, replies_anthropic_openai.Stream
    ),
    ("openai", "anthropic"): Translator(
        requests_openai_anthropic.request, replies_openai_anthropic.whole, streams_openai_anthropic.Stream
    ),
    ("openai_responses", "openai"): Translator(
        requests_responses_openai.request, replies_responses_openai.whole, replies_responses_openai.Stream
    ),
    ("openai", "openai_responses"): Translator(
        requests_openai_responses.request, replies_openai_responses.whole, replies_openai_responses.Stream
    ),
    ("anthropic", "openai_responses"): Translator(
        requests_anthropic_responses.request, replies_anthropic_responses.whole, replies_anthropic_responses.Stream
    ),
    ("openai_responses", "anthropic"): Translator(
        requests_responses_anthropic.request, replies_responses_anthropic.whole, replies_responses_anthropic.Stream
    ),
}
