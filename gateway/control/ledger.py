"""The ledger as pages read it: in threads of its own, bounded in number and time; one that hangs holds up nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.errors import GatewayError
from gateway.record.store import UNREADABLE, Store, open_store
from gateway.settings import Settings

READERS = 4
MOST_WAITING = 64
PATIENCE_S = 10.0
_log = logging.getLogger("gateway")
_T = TypeVar("_T")


class Ledger:
    """Opened when it is first read, and again after it could not be."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._store: Store | None = None
        self._opening = threading.Lock()
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="ledger")
        self._waiting = 0

    async def ask(self, question: Callable[[Store], _T]) -> _T:
        """What `question` reads. Raises GatewayError `overloaded` if it is not known in time."""
        if self._waiting >= MOST_WAITING:
            raise GatewayError("overloaded", "too many wait for the ledger", retry_after_s=2)
        self._waiting += 1
        answer = asyncio.get_running_loop().run_in_executor(self._threads, self._ask, question)
        answer.add_done_callback(self._answered)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), PATIENCE_S)
        except TimeoutError:
            raise GatewayError("overloaded", "the ledger does not answer", retry_after_s=5) from None

    def close(self) -> None:
        """Waits for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _answered(self, answer: asyncio.Future[_T]) -> None:
        self._waiting -= 1
        if not answer.cancelled():
            answer.exception()  # whoever still waits is told of it

    def _ask(self, question: Callable[[Store], _T]) -> _T:
        try:
            with self._opening:
                if self._store is None:
                    settings = self._settings
                    self._store = open_store(database_url=settings.database_url, state_dir=settings.state_dir)
            return question(self._store)
        except UNREADABLE as wrong:
            _log.warning("the ledger cannot be read: %s", type(wrong).__name__)
            raise GatewayError("overloaded", "the ledger cannot be read now", retry_after_s=5) from None
