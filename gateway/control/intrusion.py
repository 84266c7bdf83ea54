"""Who tried to get in and was not let in, as rows of the audit: added up, so that whoever guesses fills no disk."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from gateway.processes import audit
from gateway.threads import FILES

LOOK_S = 1.0
FIRST_GAP_S, LONGEST_GAP_S = 1.0, 600.0  # between two rows while it goes on: doubled with each
ONCE_S = 60.0  # a row of its own for one address's failure to sign in; for the others one a minute, after
BURST = 60
MOST_PLACES = 20  # named in one row
MOST_KEPT = 1_024  # between two rows; what is beyond is counted together
OTHERS = "other addresses"
ACTION = "wrong_token"
_log = logging.getLogger("gateway")


@dataclass(slots=True)
class Attempts:
    """What was not let in since the last row, by way and address; and when the next row is due. Monotonic seconds."""

    _counts: Counter[str] = field(default_factory=Counter)
    _gap_s: float = FIRST_GAP_S
    _due: float = 0.0
    _told: dict[str, float] = field(default_factory=dict)  # by address: until when it gets no row of its own
    _left: tuple[float, float] = (float(BURST), 0.0)  # rows of their own that were left then, and when that was

    def add(self, way: str, address: str) -> None:
        """`way`: bearer, address bar, metrics, token or oidc; nothing that was sent is kept."""
        place = f"{way} from {address}"
        known = place in self._counts or len(self._counts) < MOST_KEPT
        self._counts[place if known else f"{way} from {OTHERS}"] += 1

    def take(self, at: float) -> Mapping[str, object] | None:
        """The detail of a row that is due now; None if none is. Rows are the rarer the longer it goes on."""
        if at < self._due:
            return None
        if not self._counts:
            if at >= self._due + LONGEST_GAP_S:
                self._gap_s = FIRST_GAP_S
            return None
        named = dict(self._counts.most_common(MOST_PLACES))
        rest = sum(self._counts.values()) - sum(named.values())
        self._counts.clear()
        self._due, self._gap_s = at + self._gap_s, min(self._gap_s * 2, LONGEST_GAP_S)
        return {"count": sum(named.values()) + rest, "from": named | ({OTHERS: rest} if rest else {})}

    def may_tell(self, address: str, at: float) -> bool:
        """True if a failure of this address gets a row of its own."""
        left, then = self._left
        left = min(float(BURST), left + (at - then) / ONCE_S)
        if at < self._told.get(address, 0.0) or left < 1:
            return False
        if len(self._told) >= MOST_KEPT:
            self._told.clear()
        self._told[address], self._left = at + ONCE_S, (left - 1, at)
        return True


class Watch:
    """Writes them down, a row at a time."""

    def __init__(self, state_dir: Path, attempts: Attempts):
        self._state_dir = state_dir
        self._attempts = attempts

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            detail = self._attempts.take(monotonic())
            if detail is not None:
                await FILES.run(self._write, None, detail)

    def _write(self, detail: Mapping[str, object]) -> None:
        try:
            audit.record(self._state_dir, ACTION, by="unknown", via="api", detail=detail)
        except OSError as wrong:
            _log.error("the audit cannot be written: %s", wrong.strerror)
