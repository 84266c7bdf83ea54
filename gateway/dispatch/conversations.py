"""Which endpoint served a conversation last, so that its next turn finds the same cache and the same voice."""

from __future__ import annotations

from collections import OrderedDict

KEPT_S = 3600.0
MOST = 50_000  # conversations kept; beyond it the longest unheard of is forgotten


class Conversations:
    """Of this process; time is an argument."""

    def __init__(self) -> None:
        self._served: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def endpoint(self, conversation: bytes, at: float) -> str | None:
        """Id of the endpoint that served it within the last hour."""
        found = self._served.get(conversation)
        return found[0] if found is not None and at - found[1] <= KEPT_S else None

    def remember(self, conversation: bytes, endpoint_id: str, at: float) -> None:
        """It was answered there."""
        self._served[conversation] = (endpoint_id, at)
        self._served.move_to_end(conversation)
        if len(self._served) > MOST:
            self._served.popitem(last=False)
