"""What a gateway that is gone left in its state folder, taken over by the control process of another one."""

from __future__ import annotations

import shutil
from pathlib import Path

from gateway.processes.accepted_policy import VERSIONS
from gateway.record.journal.adopt import adopt, left_behind
from gateway.record.metrics import MetricsSink
from gateway.record.positions import ACCESS, TRACES, load, save


def take_over(state_dir: Path, left: Path) -> int:
    """Moves the journals here with what is needed to read them; how many. Raises StillWritten, OSError.

    The ledger goes on where it was, if both gateways share one; metrics, traces and the access log go
    on where those of the other gateway were. May be called again after it was cut short.
    """
    found = left_behind(left)
    names = {path.name for path in found}
    MetricsSink.take_over(state_dir, left, names)
    for file in (TRACES, ACCESS):
        read = {name: place for name, place in load(left / file).items() if name in names}
        save(state_dir / file, load(state_dir / file) | read)
    (state_dir / VERSIONS).mkdir(parents=True, exist_ok=True)
    for path in (left / VERSIONS).glob("*.json"):  # rules are priced by the policy of their day
        if not (state_dir / VERSIONS / path.name).exists():
            shutil.copy2(path, state_dir / VERSIONS / path.name)
    adopt(state_dir, found)
    return len(found)
