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
OTHERS: Final[tuple[Client, ...]] = ()
CLIENTS: Final = (*MAKE_TEST, *OTHERS)
