"""What a worker tells of itself twice a second, in its heartbeat."""

from __future__ import annotations

import asyncio
from time import monotonic, time

from gateway.data_plane.build import Parts
from gateway.data_plane.worker_state import State
from gateway.identity import Account
from gateway.record.heartbeat import LEDGER_AWAY

EVERY_S = 0.5


class Publisher:
    """One a worker."""

    def __init__(self, state: State, parts: Parts):
        self._state = state
        self._parts = parts

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            self._parts.vitals.due(EVERY_S)
            await asyncio.sleep(EVERY_S)
            publish(self._state, self._parts)


def _labels(account: Account) -> tuple[str, ...]:
    """A team's, an app's; a budget of policy.yaml by what it bounds, its id, and per what."""
    if account.place is not None or account.by_policy:
        return (*(account.place or ("team", account.team)), account.budget.per)
    return (account.team,) if account.app is None else (account.team, account.app)


def publish(state: State, parts: Parts) -> None:
    """What the heartbeat says: requests under way, open breakers, used budgets, canaries that have stopped."""
    gateway, at = state.gateway, time()
    parts.vitals.look_at_canaries(gateway.policy, gateway.estimates())
    budgets: dict[tuple[str, ...], float] = {
        _labels(account): gateway.admission.used_share(account, at) for account in gateway.keyring.accounts
    }
    resting = list(parts.breakers.open_ids(monotonic()))
    ceilings: dict[tuple[str, ...], float] = {
        (endpoint.id, name): share
        for endpoint in gateway.policy.endpoints
        if endpoint.ceilings is not None
        for name, share in parts.loads.used_shares(endpoint, at).items()
    }
    parts.vitals.tell(
        in_flight=state.in_flight,
        open_breakers=resting,
        budgets=budgets,
        ceilings=ceilings,
        waiting={(name,): float(count) for name, count in parts.loads.waiting().items()},
        frozen=gateway.frozen,
    )
    state.freezes_unread = parts.freezes.problem is not None
    state.disk = parts.journal.obstacle
    state.redis_lost = parts.vitals.shared_state_lost
    state.ledger_away = (state.settings.state_dir / LEDGER_AWAY).exists()
