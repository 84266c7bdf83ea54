"""Anthropic's Messages: policies and the catalogue know it; it is not served yet."""

from __future__ import annotations

from gateway.interfaces.dialects import ANTHROPIC
from gateway.interfaces.spec import Interface

MESSAGES = Interface(
    kind="messages",
    dialect=ANTHROPIC,
    path=None,
    upstream_path="/messages",
    content="messages",
    messages=True,
    text="messages",
    operation="chat",
    by_chat=True,
)
