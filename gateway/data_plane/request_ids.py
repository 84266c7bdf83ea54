"""Names for requests."""

from __future__ import annotations

import os
import random

from gateway.request import ID_BITS, new_id

_chance = random.Random()  # names, not secrets: a decision is shown to its own team only
os.register_at_fork(after_in_child=_chance.seed)


def fresh_id(at: float) -> str:
    """For a request received then (seconds since the epoch)."""
    return new_id(at, _chance.getrandbits(ID_BITS))
