"""A signal that comes while a process is still starting waits until somebody can obey it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_AWAITED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def hold_signals() -> None:
    """Until `release_signals`; a process forked meanwhile holds them too, until it releases them itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)


def release_signals() -> None:
    """What came meanwhile arrives at once: its handlers must stand."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)


@contextmanager
def signals_held() -> Iterator[None]:
    """Around what a signal must not cut in two."""
    hold_signals()
    try:
        yield
    finally:
        release_signals()
