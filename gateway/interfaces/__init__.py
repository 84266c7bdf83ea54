"""The APIs that callers know, one spec each. A new one is a file here and its name in the list below. Pure."""

from __future__ import annotations

from gateway.interfaces.chat import CHAT
from gateway.interfaces.completion import COMPLETION
from gateway.interfaces.embedding import EMBEDDING
from gateway.interfaces.image import EDIT, IMAGE
from gateway.interfaces.messages import MESSAGES
from gateway.interfaces.moderation import MODERATION
from gateway.interfaces.rerank import RERANK
from gateway.interfaces.responses import RESPONSES
from gateway.interfaces.spec import Interface, Units
from gateway.interfaces.speech import SPEECH
from gateway.interfaces.transcription import TRANSCRIPTION, TRANSLATION

__all__ = ["INTERFACES", "Interface", "Units", "kinds", "one_model", "served"]

INTERFACES: dict[str, Interface] = {
    each.kind: each
    for each in (
        CHAT,
        COMPLETION,
        EMBEDDING,
        RESPONSES,
        MESSAGES,
        IMAGE,
        SPEECH,
        TRANSCRIPTION,
        RERANK,
        MODERATION,
    )
}
BESIDE = (EDIT, TRANSLATION)  # of a kind above, at a path of their own


def kinds() -> tuple[str, ...]:
    """Their names."""
    return tuple(INTERFACES)


def served() -> dict[str, Interface]:
    """Those that callers can ask for, by path."""
    found = {each.path: each for each in (*INTERFACES.values(), *BESIDE) if each.path is not None}
    return found | {path: each for each in found.values() for path in each.also_at}


def one_model(kind: object) -> bool:
    """Whether answers of two models cannot stand for each other; `kind`: the signal."""
    interface = INTERFACES.get(kind) if isinstance(kind, str) else None
    return interface is not None and interface.one_model
