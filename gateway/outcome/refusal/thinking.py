"""Takes thinking out of a reply's text: what stands between the tags is not the answer."""

from __future__ import annotations

import re

_OPEN = re.compile(r"\s*(?:<think(?:ing)?>|◁think▷)")
_CLOSES = ("</think>", "</thinking>", "◁/think▷")


def answer(text: str) -> str:
    """What the caller was told, stripped.

    All up to the last closing tag is thinking, also where the vendor's template opened it unseen; an opening tag that is
    never closed means that there is no answer (yet). Plain string searches: the time grows with the text and no more.
    """
    if "think" not in text:
        return text.strip()
    end = max(text.rfind(tag) + len(tag) if tag in text else 0 for tag in _CLOSES)
    return "" if _OPEN.match(text, end) else text[end:].strip()
