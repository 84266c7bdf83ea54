"""Memory of long bodies goes back to the machine, also where many came at once."""

from __future__ import annotations

import ctypes
from contextlib import suppress

LARGE_BYTES = 1 << 20
_MMAP_THRESHOLD = -3  # malloc.h, M_MMAP_THRESHOLD


def return_large_blocks() -> None:
    """Blocks of 1 MiB and more are given back when they are freed; glibc would keep up to 64 MB for each thread.

    Its bound grows with what is freed unless it is set. Nothing happens with another C library.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
