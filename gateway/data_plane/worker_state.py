"""What one worker process knows beside the Gateway it serves with."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.data_plane.body import Room
from gateway.data_plane.control_line import ControlLine
from gateway.data_plane.credentials import Credentials
from gateway.pipeline import Gateway
from gateway.settings import Settings


@dataclass(slots=True)
class State:
    """Changed only by `app`, between requests; a request keeps the Gateway that it began with."""

    settings: Settings
    gateway: Gateway
    room: Room  # for the bodies of requests
    credentials: Credentials
    control: ControlLine  # to the control process, which knows what was recorded
    draining: bool = False
    in_flight: int = 0
    reload_problem: str | None = None  # why the last change of the files was refused; None: it was not
    disk: str | None = None  # why requests are not recorded; None: they are
    redis_lost: bool = False  # the shared state does not answer
    ledger_away: bool = False  # the control process cannot write the ledger; what happens is kept in the journal
    freezes_unread: bool = False  # there may be freezes that are not known here
    down: set[str] = field(default_factory=set)  # words for what runs beside the requests and does not now

    def serve(self, gateway: Gateway) -> None:
        """From the next request on."""
        self.gateway = gateway

    @property
    def counts_alone(self) -> bool:
        """True if budgets are bounded here, and the control process says what was spent before."""
        return self.settings.control and self.settings.redis_url is None and bool(self.gateway.keyring.accounts)

    @property
    def tries_canaries(self) -> bool:
        """True if a canary may have stopped by itself, which the control process knows."""
        routes = self.gateway.policy.routes
        return self.settings.control and any(route.canary is not None and route.canary.stop_above for route in routes)
