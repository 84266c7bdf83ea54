"""What the control process knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from gateway.background.policy_versions import Policies
from gateway.control.helper import Helpers
from gateway.control.intrusion import Attempts
from gateway.control.ledger import Ledger
from gateway.control.oidc import SignIns
from gateway.control.sessions import Sessions
from gateway.data_plane.doorkeeper import Guesses
from gateway.estimates import Snapshot
from gateway.processes.audit_walk import Walk
from gateway.record.shape import Json
from gateway.settings import Settings

POLICY_OUTCOMES = ("policy_accepted", "policy_refused")  # rows of the audit that pages show apart


@dataclass(slots=True)
class State:
    """Handed to every page."""

    settings: Settings
    console_token: str  # opens the console; GATEWAY_ADMIN_TOKEN where there is one
    registry: CollectorRegistry  # of all metrics
    served: Policies
    ledger: Ledger
    helpers: Helpers
    snapshot: Callable[[], Snapshot]  # what is learned by now
    journalled: Callable[[str], Json | None]  # a request's row, from the journals alone; may take a moment
    reload_problem: Callable[[], str | None]  # why the last change of the folder was refused; None: it was not
    reload: Callable[[], Awaitable[str | None]]  # has the folder read again; why it was refused. Raises GatewayError
    overview: Callable[[frozenset[str] | None], Awaitable[bytes]]  # of teams. Raises GatewayError
    guesses: Guesses = field(default_factory=Guesses)  # wrong tokens, by address
    names: Guesses = field(default_factory=Guesses)  # and by the name that was given with them
    attempts: Attempts = field(default_factory=Attempts)  # what was not let in, for the audit
    sessions: Sessions = field(default_factory=Sessions)
    sign_ins: SignIns = field(default_factory=SignIns)
    audit: Walk = field(init=False)  # who did what: how far it was read, what is wrong with it

    def __post_init__(self) -> None:
        self.audit = Walk(self.settings.state_dir, keep=POLICY_OUTCOMES)
