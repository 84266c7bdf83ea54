"""Where keys stand: references become names of variables, literals are never copied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

REFERENCE = "os.environ/"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_LOOKS_SECRET = re.compile(
    r"(AKIA|ASIA|AIza)[A-Za-z0-9]{12,}|(sk|gsk|pk|rk|hf|ghp|gho|xai|pplx|nvapi|r8)[-_](?=.*\d).{12,}|[0-9a-f]{32,}$|(?=.*[a-z])(?=.*\d)[A-Za-z0-9]{28,}$"
)
_FITS = re.compile(r"([A-Z0-9][A-Z0-9_]*)?_API_KEY|GATEWAY_KEY_[A-Z0-9_]+")
_UNEXPANDED = re.compile(
    r"""\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?|(?:env|os\.environ|os\.getenv)[\[(]\s*["']?([A-Za-z_][A-Za-z0-9_]*)["']?\s*[\])]"""
)
_KEY_INSIDE = re.compile(
    r"(sk|gsk|pk|hf|ghp|xai|nvapi)[-_][A-Za-z0-9_-]{8,}|(AKIA|ASIA|AIza)[A-Za-z0-9_-]{12,}|[0-9a-f]{40,}"
)
_PLACEHOLDER = re.compile(
    r"(sk-)?(none|null|empty|dummy|no-?key(-needed|-required)?|not-?needed|lm-?studio|ollama|fake(-key)?|x+|anything|1234|placeholder|unused|na|n/a)?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Key:
    """What stands where a key should."""

    form: Literal["absent", "variable", "unexpanded", "placeholder", "literal"]
    variable: str | None = None  # as the peer names it

    @property
    def key_env(self) -> str | None:
        """The variable that we read."""
        return None if self.variable is None else variable_for(self.variable)


def key_of(value: Any) -> Key:
    """Of `api_key: …`."""
    if value is None or value == "":
        return Key("absent")
    text = str(value)
    if text.startswith(REFERENCE):
        name = text[len(REFERENCE) :].strip()
        return Key("variable", name) if _VARIABLE.fullmatch(name) and not _LOOKS_SECRET.match(name) else Key("literal")
    found = _UNEXPANDED.fullmatch(text.strip())
    if found and not _LOOKS_SECRET.match(found[1] or found[2]):
        return Key("unexpanded", found[1] or found[2])
    return Key("placeholder") if _PLACEHOLDER.fullmatch(text.strip()) else Key("literal")


def variable_for(name: str) -> str:
    """Only variables that are made for keys are read: `X_API_KEY` stays, `X` becomes `GATEWAY_KEY_X`."""
    plain = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "UNNAMED"
    return (
        name if _FITS.fullmatch(name) else plain if _FITS.fullmatch(plain) and plain == name else f"GATEWAY_KEY_{plain}"
    )


def masked(text: str) -> str:
    """For what is told: a key that stands where a name should is not repeated."""
    return _KEY_INSIDE.sub("…", text)


def holds_key(text: str) -> bool:
    """True if a name holds what is written like a vendor's key."""
    return _KEY_INSIDE.search(text) is not None


def safe_address(url: str) -> str | None:
    """The address without anything that may be a secret; None if it holds a user, a password or a query."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if not host or parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return None
    if _KEY_INSIDE.search(url):
        return None
    return url.strip().rstrip("/")
