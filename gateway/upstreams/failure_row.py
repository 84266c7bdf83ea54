"""One way in which vendors say why they failed."""

from __future__ import annotations

import re
from dataclasses import dataclass

REQUEST = frozenset({400, 413, 422})
ANY: frozenset[int] = frozenset()
TOO_LONG = REQUEST | {403, 500, 502}  # Together says 403, relays say 5xx
CHECKED = "2026-11-27"
MINIMAX = "platform.minimax.io error codes: the same numbers with any status, often 200"


@dataclass(frozen=True, slots=True)
class Row:
    """Fits if the status is one of `statuses` and a code or one of the texts says so."""

    kind: str
    statuses: frozenset[int]  # empty: any, also an error inside a 200
    source: str  # where this was read; tests/golden/failures.yaml holds a reply for every code and text
    codes: frozenset[str] = frozenset()
    texts: tuple[re.Pattern[str], ...] = ()
    own_codes: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()  # whose words these are; empty: anybody's
    vendor: str = "any"
    checked: str = CHECKED  # ISO date


def row(
    kind: str,
    statuses: frozenset[int],
    source: str,
    *,
    vendor: str = "any",
    codes: str = "",
    texts: str = "",
    operators: str = "",
) -> Row:
    """`texts` are regular expressions, one a line. MiniMax's codes are its own."""
    own, words = source is MINIMAX, frozenset(codes.split())
    return Row(
        kind,
        statuses,
        source,
        codes=frozenset() if own else words,
        texts=tuple(re.compile(text.strip(), re.IGNORECASE) for text in texts.strip().splitlines()),
        own_codes=words if own else frozenset(),
        operators=frozenset(operators.split()),
        vendor=vendor,
    )
