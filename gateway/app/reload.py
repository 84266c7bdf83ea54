"""Watches the policy folder. A change is taken whole or not at all; a refused one says why, and the old one serves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from time import time
from uuid import uuid4

from gateway.app import accepted
from gateway.app.folder import fingerprint, read_folder
from gateway.errors import Problem, Problems
from gateway.policy.cases import run_case
from gateway.policy.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.policy.diff import Difference, told, widening
from gateway.record.heartbeat import Cells, tell
from gateway.signals.measure import measure_prompt

_log = logging.getLogger("gateway")


def compile_path(folder: Path) -> Compiled:
    """Raises Problems: every mistake of every file."""
    return compile_folder(read_folder(folder))


def accept(folder: Path, state_dir: Path) -> Compiled:
    """What a start serves with, kept as accepted. Raises Problems, also if it widens what was accepted before."""
    compiled = compile_path(folder)
    before = _accepted_before(state_dir)
    if before is not None and before[0] != compiled.policy.version:
        _check_widening(_compile_accepted(before[1], state_dir), compiled)
    accepted.keep(state_dir, compiled.policy.version, compiled.files)
    return compiled


class Reloads:
    """Counts them, for the metrics; the parent has no event loop and reloads rarely, so it writes the file itself."""

    def __init__(self, state_dir: Path):
        self._state_dir = state_dir
        self._name = f"parent-{uuid4().hex}"
        self._counts = {"accepted": 0, "refused": 0}

    def count(self, result: str) -> None:
        """`accepted` or `refused`."""
        self._counts[result] += 1
        cells: Cells = {(name,): float(count) for name, count in self._counts.items()}
        tell(self._state_dir, self._name, {"gateway_policy_reload_total": cells})


class Reloader:
    """Looks for changes, and lets only those through that compile, pass their own cases and widen nothing unsaid."""

    def __init__(self, compiled: Compiled, folder: Path, state_dir: Path, count: Callable[[str], None]):
        """`compiled` serves now; `count` is told `accepted` or `refused`."""
        self.problem: str | None = None
        self._compiled = compiled
        self._folder = folder
        self._state_dir = state_dir
        self._count = count
        self._seen = fingerprint(folder)

    def changed(self) -> bool:
        """True once after the files changed."""
        seen = fingerprint(self._folder)
        if seen == self._seen:
            return False
        self._seen = seen
        return True

    def reload(self) -> Compiled | None:
        """The new version, kept as accepted; None if it is refused."""
        self._seen = fingerprint(self._folder)
        try:
            compiled = compile_path(self._folder)
            failed = _failed_cases(compiled)
            if failed:
                raise Problems(failed)
            _check_widening(self._compiled, compiled)
            self._keep(compiled)
        except Problems as problems:
            self._refuse(problems)
            return None
        self._compiled, self.problem = compiled, None
        self._count("accepted")
        _log.info("policy %s is served", compiled.policy.version)
        return compiled

    def _keep(self, compiled: Compiled) -> None:
        """Raises Problems: what cannot be kept would be unknown to other workers and to the next start."""
        try:
            accepted.keep(self._state_dir, compiled.policy.version, compiled.files)
        except OSError as error:
            said = f"the state folder {self._state_dir} cannot be written: {error.strerror}"
            raise Problems([Problem(said, help="make room or give the right to write, then send SIGHUP")]) from None

    def _refuse(self, problems: Problems) -> None:
        first = problems.problems[0]
        self.problem = "; ".join(problem.message for problem in problems.problems[:3])
        self._count("refused")
        where = f"{first.place.file}:{first.place.line}" if first.place else str(self._folder)
        _log.error("the changed policy is refused, the old one serves on: %s (%s)", self.problem, where)


def _failed_cases(compiled: Compiled) -> list[Problem]:
    teams, at = compiled.keyring.teams, time()
    return [
        problem
        for case in compiled.cases
        for problem in run_case(case, compiled.policy, teams, measure=measure_prompt, at=at)
    ]


def _check_widening(old: Compiled, new: Compiled) -> None:
    """Raises Problems with what the new files let through that the old did not, unless they say so."""
    changes = widening(old, new)
    if changes:
        said = f"the new policy widens what policy {old.policy.version} allows\n{told(Difference(changes, (), ()))}"
        way_out = f"write `allow_widening: {old.policy.version}` in policy.yaml if that is meant; it permits this once"
        raise Problems([Problem(said, help=way_out)])


def _accepted_before(state_dir: Path) -> tuple[str, dict[str, bytes]] | None:
    """None if nothing was. Raises Problems: what cannot be read is not taken for nothing."""
    try:
        return accepted.load(state_dir)
    except ValueError:
        raise _incomparable(state_dir, "cannot be read") from None


def _compile_accepted(files: dict[str, bytes], state_dir: Path) -> Compiled:
    try:
        return compile_folder(files)
    except Problems:
        raise _incomparable(state_dir, "no longer compiles") from None


def _incomparable(state_dir: Path, why: str) -> Problems:
    said = f"the policy accepted before, in {state_dir / accepted.NAME}, {why}: nothing to compare with"
    return Problems([Problem(said, help="remove that file to accept the folder as it is")])
