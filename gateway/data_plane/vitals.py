"""What only this worker knows now, and tells in its heartbeat: requests under way, open breakers, used budgets."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, time

from gateway.estimates import Snapshot
from gateway.policy.compiled import Policy
from gateway.policy.select.canary import stopped
from gateway.record.heartbeat import FROZEN, Cells, Heart, Labels
from gateway.record.journal.writer import Writer

_log = logging.getLogger("gateway")
_LOST = "does not answer: callers with a budget or a rate are told to come back, freezes reach no other gateway"


class Vitals:
    """One a worker."""

    def __init__(self, state_dir: Path, journal: Writer):
        self._heart = Heart(state_dir, journal.uuid)
        self._journal = journal
        self._shadows_dropped = 0
        self._shared_state_up: Cells = {}
        self._versions: dict[Labels, float] = {}
        self._waivers: dict[Labels, float] = {}
        self._canaries: dict[Labels, float] = {}
        self._due = monotonic()

    def shadow_dropped(self) -> None:
        """A copy found no room."""
        self._shadows_dropped += 1

    def shared_state(self, up: bool) -> None:
        """Whether the shared state answers; a log line when that changes."""
        if up == self.shared_state_lost:
            _log.log(logging.INFO if up else logging.ERROR, "Redis %s", "answers again" if up else _LOST)
        self._shared_state_up = {(): float(up)}

    @property
    def shared_state_lost(self) -> bool:
        """True while the shared state does not answer; False where there is none."""
        return self._shared_state_up.get((), 1.0) == 0.0

    def serves_policy(self, policy: Policy) -> None:
        """From here on it decides."""
        self._versions = dict.fromkeys(self._versions, 0.0) | {(policy.version,): 1.0}
        self._waivers = {(waiver.guard, waiver.team): waiver.ends for waiver in policy.waivers}

    def due(self, after_s: float) -> None:
        """The event loop is asked to come back then: by how much it is late, the next `tell` says."""
        self._due = monotonic() + after_s

    def tell(
        self,
        *,
        in_flight: int,
        open_breakers: list[str],
        budgets: dict[Labels, float],
        ceilings: Cells,
        waiting: Cells | None = None,
        frozen: Sequence[Labels] = (),
    ) -> None:
        """`budgets`: used shares, by (team,), (team, app) and (of, id, per); `ceilings`: by (endpoint, ceiling).

        `waiting`: how many wait for a seat, by (endpoint,); `frozen`: what is stopped, (selector, value).
        """
        gauges: dict[str, Cells] = {
            "gateway_in_flight": {(): float(in_flight)},
            "gateway_breaker_open": {(endpoint,): 1.0 for endpoint in open_breakers},
            "gateway_budget_used_ratio": {key: share for key, share in budgets.items() if len(key) == 1},
            "gateway_app_budget_used_ratio": {key: share for key, share in budgets.items() if len(key) == 2},
            "gateway_policy_budget_used_ratio": {key: share for key, share in budgets.items() if len(key) == 3},
            "gateway_ceiling_used_ratio": ceilings,
            "gateway_waiting": waiting or {},
            "gateway_policy_info": self._versions,
            "gateway_waiver_end_timestamp_seconds": {key: ends for key, ends in self._waivers.items() if ends > time()},
            FROZEN: dict.fromkeys(frozen, 1.0),
            "gateway_canary_stopped": self._canaries,
            "gateway_shared_state_up": self._shared_state_up,
        }
        counters: dict[str, Cells] = {"gateway_shadows_dropped_total": {(): float(self._shadows_dropped)}}
        behind_s = max(0.0, monotonic() - self._due)
        journal = self._journal
        self._heart.tell(gauges, counters, behind_s=behind_s, obstacle=journal.obstacle, dropped=journal.dropped)

    def look_at_canaries(self, policy: Policy, known: Snapshot) -> None:
        """Which have stopped by themselves; a log line when it happens."""
        now: dict[Labels, float] = {}
        for route in policy.routes:
            if route.canary is None:
                continue
            labels, stop = (route.name, route.canary.endpoint.id), stopped(route, known)
            now[labels] = float(stop is not None)
            if stop is not None and not self._canaries.get(labels):
                _log.warning("the canary %s of route `%s` has stopped: %s", labels[1], labels[0], stop)
        self._canaries = now

    def close(self) -> None:
        self._heart.close()
