"""Has the gateway read its policy folder again, and waits for what becomes of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic

from gateway.errors import GatewayError
from gateway.processes import reload_request

PATIENCE_S = 30.0
_LOOK_S = 0.1


async def reload(state_dir: Path) -> str | None:
    """Why it was refused; None: it was not. Raises GatewayError if no gateway answers."""
    try:
        name = reload_request.ask(state_dir)
    except OSError as wrong:
        said = f"the state folder cannot be written: {wrong.strerror}; send the gateway SIGHUP"
        raise GatewayError("overloaded", said, retry_after_s=30) from None
    until = monotonic() + PATIENCE_S
    while monotonic() < until:
        request, problem = reload_request.last_reload(state_dir)
        if request == name:
            return problem
        await asyncio.sleep(_LOOK_S)
    raise GatewayError("overloaded", "the gateway has not answered; does it run?", retry_after_s=30)
