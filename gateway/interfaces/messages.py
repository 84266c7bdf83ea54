"""POST /v1/messages: Anthropic's Messages, asked of Chat endpoints by translation."""

from __future__ import annotations

from gateway.interfaces.dialects import ANTHROPIC
from gateway.interfaces.spec import Interface

MESSAGES = Interface(
    kind="messages",
    dialect=ANTHROPIC,
    path="/v1/messages",
    upstream_path="/messages",
    content="messages",
    messages=True,
    text="messages",
    operation="chat",
    by_chat=True,
)
