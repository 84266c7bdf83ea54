"""OpenAI's Responses: policies and the catalogue know it; it is not served yet."""

from __future__ import annotations

from gateway.interfaces.dialects import OPENAI_RESPONSES
from gateway.interfaces.spec import Interface

RESPONSES = Interface(
    kind="responses",
    dialect=OPENAI_RESPONSES,
    path=None,
    upstream_path="/responses",
    content="input",
    content_elsewhere=frozenset({"prompt"}),
    text="responses",
    operation="chat",
    by_chat=True,
)
