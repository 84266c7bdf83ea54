"""Which fields a wire has, by the tables of the translators from it: of one that no table knows nothing can be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.upstreams.translate import (
    requests_anthropic_openai,
    requests_anthropic_responses,
    requests_openai_anthropic,
    requests_openai_responses,
    requests_responses_anthropic,
    requests_responses_openai,
)

FIELDS_OF: Final[Mapping[str, frozenset[str]]] = {
    "openai": frozenset(
        requests_openai_anthropic.FIELDS.keys()
        | requests_openai_anthropic.ELSEWHERE
        | requests_openai_responses.FIELDS.keys()
    ),
    "openai_responses": frozenset(
        requests_responses_anthropic.FIELDS.keys()
        | requests_responses_anthropic.ELSEWHERE
        | requests_responses_openai.FIELDS.keys()
    ),
    "anthropic": frozenset(requests_anthropic_openai.FIELDS.keys() | requests_anthropic_responses.FIELDS.keys()),
}
