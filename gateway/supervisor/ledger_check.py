"""Whether the ledger can be opened, asked in a process of its own: whoever serves imports no database."""

from __future__ import annotations

import os

from gateway.errors import LedgerUnusable
from gateway.processes.watchdog import end_with
from gateway.settings import Settings

_MOST = 4_096


def require_ledger(settings: Settings) -> None:
    """Raises LedgerUnusable. Said once, at the start: later the journal waits for a ledger that is away."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _answer(settings, writing)
    os.close(writing)
    with open(reading, "rb") as answer:
        said = answer.read(_MOST).decode(errors="replace")
    os.waitpid(pid, 0)
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
