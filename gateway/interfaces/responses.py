"""POST /v1/responses: OpenAI's Responses. What is to be kept between requests is refused by the catalogue's rows."""

from __future__ import annotations

from gateway.interfaces.dialects import OPENAI_RESPONSES
from gateway.interfaces.spec import Interface

RESPONSES = Interface(
    kind="responses",
    dialect=OPENAI_RESPONSES,
    path="/v1/responses",
    upstream_path="/responses",
    content="input",
    content_elsewhere=frozenset({"prompt"}),
    text="responses",
    operation="chat",
    by_chat=True,
)
