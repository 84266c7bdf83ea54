"""What an error body says, whatever shape the vendor gives it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{1,63}|\d{1,6}")
_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\{')
MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error object, flattened. Codes are spelled as text."""

    message: str = ""
    codes: frozenset[str] = frozenset()  # code, type and status of the error
    own_code: str | None = None  # MiniMax's `base_resp.status_code`, whose numbers others use with another meaning
    param: str | None = None

    @property
    def status(self) -> int | None:
        """The HTTP status that stands inside the body, if one does."""
        found = [int(code) for code in self.codes if re.fullmatch(r"[45]\d\d", code)]
        return found[0] if found else None

    @property
    def name(self) -> str | None:
        """A code that may be shown: a word or a number, never a sentence."""
        shown = [code for code in (*sorted(self.codes, reverse=True), self.own_code or "") if _NAME.fullmatch(code)]
        return shown[0] if shown else None

    @classmethod
    def of(cls, body: object) -> Complaint | None:
        """None if the body complains of nothing."""
        if not isinstance(body, dict):
            return None
        own = body.get("base_resp")
        if isinstance(own, dict) and own.get("status_code") not in (None, 0):
            return cls(_text(own.get("status_msg")), own_code=str(own["status_code"]))
        error = body.get("error")
        if isinstance(error, dict):
            return cls(_text(error.get("message")), _codes(error), param=_text(error.get("param")) or None)
        if isinstance(error, str):
            return cls(error, _codes(body))
        if body.get("message") or body.get("detail") or body.get("object") == "error":
            return cls(_text(body.get("message")) or _text(body.get("detail")), _codes(body))
        if body.get("code") not in (None, 0, 200, "0", "200"):
            return cls("", _codes(body))
        return None


def complaints_in(opening: bytes) -> Iterator[object]:
    """The JSON of a whole body, or of each event of a stream's opening."""
    opening = opening[:MOST_BYTES]
    lines = [opening] if opening.lstrip()[:1] == b"{" else re.findall(rb"^data: ?(\{.*)$", opening, re.MULTILINE)
    for line in lines:
        try:
            yield msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue


def has_choices(opening: bytes) -> bool:
    """True for an opening that answers, be it with nothing yet."""
    return _CHOICES.search(opening) is not None


def _codes(error: dict[str, Any]) -> frozenset[str]:
    fields = (error.get(name) for name in ("code", "type", "status"))
    return frozenset(str(value) for value in fields if isinstance(value, (str, int)) and value not in ("", "error"))


def _text(value: object) -> str:
    """A sentence, however deep it stands: some vendors nest `detail` in lists."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) and value else ""
