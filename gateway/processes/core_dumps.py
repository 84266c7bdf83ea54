"""No image of a process that holds keys and prompts is written to a disk, or read by another of its user."""

from __future__ import annotations

import ctypes
import resource
from contextlib import suppress

_DUMPABLE = 4  # linux/prctl.h, PR_SET_DUMPABLE


def keep_off() -> None:
    """For this process and those it forks; one that begins another program says it again.

    The limit keeps the kernel from writing files, and the flag keeps it from handing an image to a program of the
    machine's (`core_pattern`) and debuggers of the same user from attaching. Where there is no such flag, the limit is.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)
