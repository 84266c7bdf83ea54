"""What was learned, in a file: written by the control process, followed by every worker."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from time import time

import msgspec

from gateway.estimates import PRIORS, Snapshot
from gateway.estimates.estimate import Sums
from gateway.estimates.trial import Trial
from gateway.policy.compiled import Policy
from gateway.record import files

NAME = "estimates"  # in the state folder
LOOK_S = 1.0
SOON_S = 0.05  # while nothing is known yet
STALE_S = 15.0  # a file that was not touched for so long tells nothing of canaries any more
_log = logging.getLogger(__name__)
Key = tuple[str, ...]


class _File(msgspec.Struct, array_like=True):
    version: int
    tallies: list[tuple[Key, tuple[float, float, float]]]
    canaries: list[Key]
    teams: list[str]
    trials: list[tuple[tuple[str, str], tuple[int, int, int]]] | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_File).decode


def packed(snapshot: Snapshot) -> bytes:
    """The content of the file."""
    trials = snapshot.trials
    return _encode(
        _File(
            snapshot.version,
            [(key, (sums.weight, sums.total, sums.squares)) for key, sums in snapshot.tallies.items()],
            list(snapshot.canaries),
            sorted(snapshot.teams),
            None if trials is None else [(key, (t.tried, t.failed, t.refused)) for key, t in trials.items()],
        )
    )


def unpacked(data: bytes) -> Snapshot:
    """Raises msgspec.DecodeError."""
    file = _decode(data)
    return Snapshot(
        file.version,
        {key: Sums(*sums) for key, sums in file.tallies},
        tuple(file.canaries),
        frozenset(file.teams),
        None if file.trials is None else {key: Trial(*counts) for key, counts in file.trials},
    )


class Learned:
    """One a worker: a thread follows the file, and makes what it says ready for the policy that serves."""

    def __init__(self, state_dir: Path):
        self._path = state_dir / NAME
        self._policy: Policy | None = None
        self._renewed: tuple[bytes, Policy | None] = (b"", None)
        self._snapshot: Snapshot = PRIORS
        self._without_trials: Snapshot = PRIORS
        self._touched_at = 0.0
        self._closing = threading.Event()
        self._look()
        self._thread = threading.Thread(target=self._run, name="learned", daemon=True)
        self._thread.start()

    def serves_policy(self, policy: Policy) -> None:
        """From here on it decides."""
        self._policy = policy

    def latest(self) -> Snapshot:
        """As of the file; where that is stale, without what canaries did, so that those that might stop pause."""
        return self._snapshot if time() - self._touched_at < STALE_S else self._without_trials

    def is_known(self) -> bool:
        """False until the control process has said what canaries have done so far."""
        return self.latest().trials is not None

    def close(self) -> None:
        self._closing.set()
        self._thread.join(1)  # it writes nothing

    def _run(self) -> None:
        while not self._closing.wait(LOOK_S if self.is_known() else SOON_S):
            try:
                self._look()
            except (msgspec.DecodeError, OSError) as wrong:
                _log.warning("what was learned cannot be read: %s", wrong)

    def _look(self) -> None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return
        if stat.st_mtime == self._touched_at:
            return
        data, policy = self._path.read_bytes(), self._policy
        if (data, policy) != self._renewed:  # it is touched once a second, whether or not it says anything new
            snapshot = unpacked(data)
            if policy is not None:
                policy.rankings.renew(snapshot)
            self._snapshot, self._without_trials = snapshot, replace(snapshot, trials=None)
            self._renewed = (data, policy)
        self._touched_at = stat.st_mtime


def learned(state_dir: Path) -> Snapshot:
    """As of the file; what was thought before, where there is none."""
    data = files.read(state_dir / NAME)
    try:
        return PRIORS if data is None else unpacked(data)
    except msgspec.DecodeError:
        return PRIORS


def publish(state_dir: Path, snapshot: Snapshot) -> None:
    """Raises OSError."""
    files.swap(state_dir / NAME, packed(snapshot))
