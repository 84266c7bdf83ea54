"""The usage option that we add to streams: which vendors do not take it, by the catalogue or as they told us."""

from __future__ import annotations

NAMES = (b"stream_options", b"include_usage")


class UsageOption:
    """What replies taught about it; endpoints by their index in the catalogue. Of one policy version."""

    def __init__(self) -> None:
        self.refused: set[int] = set()  # sent without it from now on
        self._sure: set[int] = set()  # without it they answered

    def refuse(self, endpoint: int) -> None:
        """A reply that complains named it."""
        self.refused.add(endpoint)

    def heard(self, endpoint: int, *, answered: bool) -> None:
        """A stream without it was answered; or the request itself was at fault, and the vendor had only repeated it."""
        if answered:
            self._sure.add(endpoint)
        elif endpoint not in self._sure:
            self.refused.discard(endpoint)


def named_in(complaint: bytes) -> bool:
    """True if the vendor complains of it."""
    return any(name in complaint for name in NAMES)
