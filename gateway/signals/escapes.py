"""What the escapes of HTML, URLs and JSON in a text stand for. Pure."""

from __future__ import annotations

import html
import re
from typing import Final
from urllib.parse import unquote

_PERCENT: Final = re.compile("%[0-9A-Fa-f]{2}")
_ESCAPE: Final = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")


def unescaped(text: str) -> str | None:
    """What HTML, URL and JSON escapes in the text say; None if there are none."""
    plain = text
    if "&" in plain and ";" in plain:
        plain = html.unescape(plain)
    if "%" in plain and _PERCENT.search(plain):
        plain = unquote(plain)
    if "\\" in plain:
        plain = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), plain)
    return plain if plain != text else None
