"""No image of a process that holds keys and prompts is written to a disk."""

from __future__ import annotations

import resource


def keep_off() -> None:
    """For this process and all that it starts.

    The kernel writes no file; a program of the machine's that is handed images (`core_pattern`) is told the limit, and
    systemd's heeds it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
