"""The clients, what each does with the gateway, and what to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clients.checks import MODELS

OPENAI: Final = ("whole", "stream", "tools", "tools-streamed", "left", "errors")


@dataclass(frozen=True, slots=True)
class Client:
    """A folder of `clients/`: `client.py`, `client.mjs` or `client.sh`, and its lock."""

    name: str
    title: str
    checks: tuple[str, ...]  # on each of `models`
    once: tuple[tuple[str, str], ...] = ()  # (check, model) beside those
    models: tuple[str, ...] = MODELS
    note: str = ""

    @property
    def expected(self) -> list[tuple[str, str]]:
        """Every (check, model) that it must tell of."""
        return [(check, model) for model in self.models for check in self.checks] + list(self.once)


def _of(verbs: Sequence[str], *interfaces: str) -> tuple[str, ...]:
    return tuple(f"{verb} {interface}" for interface in interfaces for verb in verbs)


LISTED: Final = ("models", "auto")
EMBEDDED: Final = ("embedding", "embedder")
MAKE_TEST: Final = (
    Client(
        "openai-python",
        "openai (Python)",
        (*_of(OPENAI, "chat", "responses"), "structured chat", "structured responses"),
        (EMBEDDED, LISTED),
    ),
    Client("openai-node", "openai (Node)", _of(OPENAI, "chat", "responses"), (EMBEDDED, LISTED)),
    Client("anthropic-python", "anthropic (Python)", (*OPENAI, "tokens"), (LISTED,)),
    Client("anthropic-node", "@anthropic-ai/sdk (Node)", (*OPENAI, "tokens"), (LISTED,)),
)
LOOP: Final = ("whole", "stream", "tools", "tools-streamed", "left")
OTHERS: Final = (
    Client("openai-agents", "OpenAI Agents SDK", _of(LOOP, "responses", "chat")),
    Client("langchain-openai", "LangChain, ChatOpenAI", _of((*LOOP, "structured"), "chat", "responses"), (EMBEDDED,)),
    Client("langchain-anthropic", "LangChain, ChatAnthropic", (*LOOP, "structured")),
    Client("llama-index", "LlamaIndex, OpenAILike", ("whole", "stream", "tools", "left")),
    Client(
        "litellm",
        "LiteLLM's SDK",
        (
            *_of(LOOP, "openai", "litellm_proxy", "anthropic"),
            "whole responses",
            "whole google-genai",
            "stream google-genai",
        ),
        note="`google-genai` is the shape of Google's SDK (`contents`, `parts`), put into Chat Completions.",
    ),
    Client("pydantic-ai", "Pydantic AI", _of((*LOOP, "structured"), "responses", "chat", "messages")),
    Client("instructor", "Instructor", _of(("structured",), "tools", "schema", "messages", "streamed")),
    Client("vercel-ai", "Vercel AI SDK", _of((*LOOP, "structured"), "responses", "chat", "compatible", "messages")),
    Client("dspy", "DSPy", ("whole", "tool", "stream")),
    Client("llm", "llm", ("whole", "whole streamed", "tools", "structured", "left")),
    Client(
        "codex",
        "Codex CLI",
        ("tool", "left"),
        note="Its binary is in the npm package and runs without OpenAI; it speaks Responses alone.",
    ),
    Client(
        "claude-code",
        "Claude Code",
        ("tool", "left"),
        note="Its binary is in the npm package and runs without Anthropic.",
    ),
    Client("open-webui", "Open WebUI", (), (LISTED,), note="Its discovery of models is played, not the program run."),
    Client("librechat", "LibreChat", (), (LISTED,), note="Its discovery of models is played, not the program run."),
    Client("curl", "curl", (*_of(("whole", "stream"), "chat", "responses", "messages"), "left chat")),
)
CLIENTS: Final = (*MAKE_TEST, *OTHERS)
