"""One piece of personal data in a text: what kind, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KINDS: Final = ("email", "phone", "card", "iban", "national_id", "ip_address")


@dataclass(frozen=True, slots=True)
class Finding:
    """`text[start:end]` is of that kind."""

    kind: str
    start: int
    end: int
