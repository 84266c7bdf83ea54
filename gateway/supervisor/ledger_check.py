"""Whether the ledger can be opened, asked in a process of its own: whoever serves imports no database."""

from __future__ import annotations

import os

from gateway.errors import LedgerUnusable
from gateway.processes.watchdog import end_with
from gateway.settings import Settings

_MOST = 4_096


class LedgerCheck:
    """One, begun at once: it takes its time, and whoever starts has other things to do meanwhile."""

    def __init__(self, settings: Settings):
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._reading)
            _answer(settings, writing)
        os.close(writing)

    def require(self) -> None:
        """Waits for the answer. Raises LedgerUnusable. Later the journal waits for a ledger that is away."""
        with open(self._reading, "rb") as answer:
            said = answer.read(_MOST).decode(errors="replace")
        os.waitpid(self._pid, 0)
        if said:
            raise LedgerUnusable(said)


def _answer(settings: Settings, writing: int) -> None:
    """In the fork, which ends with its parent."""
    end_with(os.getppid())
    try:
        from gateway.record.store import open_store  # here alone

        open_store(database_url=settings.database_url, state_dir=settings.state_dir).close()
    except LedgerUnusable as wrong:
        os.write(writing, str(wrong).encode()[:_MOST])
    finally:
        os._exit(0)
