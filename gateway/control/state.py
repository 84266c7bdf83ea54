"""What the control process knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.settings import Settings


@dataclass(slots=True)
class State:
    """Handed to every page."""

    settings: Settings
    console_token: str  # opens the console; GATEWAY_ADMIN_TOKEN where there is one
    exposition: Callable[[], bytes]  # the Prometheus page
