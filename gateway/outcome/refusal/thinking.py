"""Takes thinking out of a reply's text: what stands between the tags is not the answer."""

from __future__ import annotations

_TAGS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("◁think▷", "◁/think▷"))


def answer(text: str) -> str:
    """What the caller was told, stripped.

    Thinking stands in front: after an opening tag, or before a closing tag that the vendor's template opened unseen.
    If it is never closed there is no answer (yet). Tags further on are the answer's own: it may be about them.
    """
    text = text.strip()
    for opening, closing in _TAGS if "think" in text else ():
        while text.startswith(opening) or 0 <= text.find(closing) < _found(text, opening):
            _, closed, text = text.partition(closing)
            text = text.strip() if closed else ""
    return text


def _found(text: str, tag: str) -> int:
    """Where the tag stands; behind everything if it does not."""
    at = text.find(tag)
    return len(text) if at < 0 else at
