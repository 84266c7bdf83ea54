"""What operators read in the log of vendors that fail: a line for each endpoint and kind, at most one a minute.

Refusals, filters and mistakes of callers are no failures of a vendor. No line holds a word of a prompt or an answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from gateway.upstreams.failures import OURS, Failure

EVERY_S = 60.0
_log = logging.getLogger("gateway")


@dataclass(slots=True)
class FailureLog:
    """One a worker. Times are monotonic seconds."""

    _told: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)  # when last, and how many since
    _failing: set[str] = field(default_factory=set)  # endpoints that were told of and have not answered since

    def failed(self, endpoint: str, failure: Failure, at: float) -> None:
        """An attempt came to nothing."""
        if not (failure.counts_against_endpoint or failure.kind in OURS):
            return
        key = endpoint, failure.kind
        last, since = self._told.get(key, (float("-inf"), 0))
        if at - last < EVERY_S:
            self._told[key] = last, since + 1
            return
        self._told[key] = at, 0
        self._failing.add(endpoint)
        more = f"; {since} more since the last line of this kind" if since else ""
        level = logging.ERROR if failure.kind in OURS else logging.WARNING
        first = failure.detail.splitlines()[0] if failure.detail else ""
        _log.log(level, "%s fails, %s: %s%s", endpoint, failure.kind, first, more)

    def answered(self, endpoint: str) -> None:
        """It has answered."""
        if endpoint in self._failing:
            self._failing.discard(endpoint)
            self._told = {key: told for key, told in self._told.items() if key[0] != endpoint}
            _log.info("%s answers again", endpoint)


FAILURES = FailureLog()
