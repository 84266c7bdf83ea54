"""POST /v1/chat/completions."""

from __future__ import annotations

from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Interface

CHAT = Interface(
    kind="chat",
    dialect=OPENAI,
    path="/v1/chat/completions",
    upstream_path="/chat/completions",
    content="messages",
    messages=True,
    text="chat",
    operation="chat",
    reasons=True,
)
