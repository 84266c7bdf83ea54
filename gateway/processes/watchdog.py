"""Every stop is bounded in time: a process that does not end by itself is ended, and says where it hung."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from time import sleep

GRACE_S = 12.0  # from the last request to the end: what is beside is ended, what waits is written
_LOOK_S = 0.5  # between two looks at the parent
_UNHEARD_S = 15.0  # how long a starting worker may leave a stop unheard, on a busy machine too


def end_within(seconds: float) -> None:
    """Ends this process with status 1 then, whatever hangs, and writes the place of every thread to stderr."""
    faulthandler.dump_traceback_later(seconds, exit=True)


def end_with(parent: int) -> None:
    """In a worker that holds its signals: a stop when the parent is gone, an end when no stop is heard."""
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    unheard_s = 0.0
    while unheard_s < _UNHEARD_S:
        sleep(_LOOK_S)
        if os.getppid() != parent:
            parent = os.getppid()  # told once
            os.kill(os.getpid(), signal.SIGTERM)
        unheard_s = unheard_s + _LOOK_S if signal.SIGTERM in signal.sigpending() else 0.0
    os._exit(1)
