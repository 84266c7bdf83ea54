"""What one worker process knows beside the Gateway it serves with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.api.body import Room
from gateway.pipeline import Gateway
from gateway.settings import Settings


@dataclass(slots=True)
class State:
    """Changed only by `app`, between requests; a request keeps the Gateway that it began with."""

    settings: Settings
    gateway: Gateway
    decision: Callable[[str], dict[str, Any] | None]  # a recorded decision by request id, from any worker
    feedback: Callable[[str, bool, float], bool]  # keeps an answer to "did it answer?"; False: there is one already
    overview: Callable[[], Awaitable[bytes]]  # what the console shows of all workers' requests, a JSON object
    console_token: str
    room: Room  # for the bodies of requests
    draining: bool = False
    in_flight: int = 0
    reload_problem: str | None = None  # why the last change of the files was refused; None: it was not
    notes: list[str] = field(default_factory=list)  # what `check` warned of
