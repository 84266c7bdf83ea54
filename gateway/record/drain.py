"""A bounded queue emptied by a thread: how Outcomes leave the request path. What finds no room is refused."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from gateway.outcome.outcome import Outcome

LIMIT = 20_000  # outcomes waiting: some seconds of a saturated worker
LIMIT_BYTES = 64_000_000  # of their requests' bodies, which live as long as they do
BATCH = 500
EVERY_S = 0.25
LONGEST_REST_S = 5.0  # between tries while the consumer fails
_log = logging.getLogger(__name__)


class Drain:
    """Hands waiting outcomes to `consume` four times a second, in order; a batch it raises on is offered again."""

    def __init__(self, name: str, consume: Callable[[Sequence[Outcome]], None], *, limit: int = LIMIT):
        self._consume = consume
        self._limit = limit
        self._waiting: deque[Outcome] = deque()
        self._batch: tuple[Outcome, ...] = ()  # taken from the queue, not yet consumed
        self._bytes_in = 0  # written by whoever puts
        self._bytes_out = 0  # written by the thread
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, outcome: Outcome) -> bool:
        """False if the queue is full. Only one thread may put."""
        if len(self._waiting) >= self._limit or self._bytes_in - self._bytes_out > LIMIT_BYTES:
            return False
        self._bytes_in += outcome.request.body_bytes
        self._waiting.append(outcome)
        return True

    def find(self, request_id: str) -> Outcome | None:
        """The outcome of `request_id`, if it still waits."""
        waiting = (*self._batch, *self._waiting)
        return next((outcome for outcome in waiting if outcome.request.id == request_id), None)

    def close(self, wait_s: float = 5.0) -> int:
        """Empties the queue as far as `wait_s` and the consumer allow; how many outcomes are left behind."""
        self._closing.set()
        self._thread.join(wait_s)
        return len(self._batch) + len(self._waiting)

    def _run(self) -> None:
        rest_s = EVERY_S
        closing = False
        while not closing:
            closing = self._closing.wait(rest_s)
            rest_s = EVERY_S if self._empty() else min(rest_s * 2, LONGEST_REST_S)

    def _empty(self) -> bool:
        """False if the consumer failed; nothing is lost then."""
        while self._batch or self._waiting:
            if not self._batch:
                self._take()
            try:
                self._consume(self._batch)
            except Exception as error:  # noqa: BLE001 - the thread outlives a full disk and a database that is away
                _log.warning(
                    "%s: %d outcomes wait: %s", self._thread.name, len(self._waiting) + len(self._batch), error
                )
                return False
            self._bytes_out += sum(outcome.request.body_bytes for outcome in self._batch)
            self._batch = ()
        return True

    def _take(self) -> None:
        """Into the batch before out of the queue: `find` sees an outcome twice rather than never."""
        count = min(BATCH, len(self._waiting))
        self._batch = tuple(self._waiting[n] for n in range(count))
        for _ in range(count):
            self._waiting.popleft()
