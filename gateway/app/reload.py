"""Watches the policy folder. A change is taken whole or not at all; a refused one says why, and the old one serves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from time import time

from gateway.app import accepted
from gateway.app.folder import fingerprint, read_folder
from gateway.errors import Problem, Problems
from gateway.policy.cases import run_case
from gateway.policy.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.signals.measure import measure_prompt
from gateway.source import frame

_log = logging.getLogger("gateway")


def compile_path(folder: Path) -> Compiled:
    """Raises Problems: every mistake of every file."""
    return compile_folder(read_folder(folder))


def accept(folder: Path, state_dir: Path) -> Compiled:
    """What a start serves with, kept as accepted. Raises Problems."""
    compiled = compile_path(folder)
    accepted.keep(state_dir, compiled.policy.version, compiled.files)
    return compiled


class Reloader:
    """Looks for changes, and lets only those through that compile and pass their own cases."""

    def __init__(self, folder: Path, state_dir: Path, count: Callable[[str], None]):
        """`count` is told `accepted` or `refused`."""
        self.problem: str | None = None
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
            accepted.keep(self._state_dir, compiled.policy.version, compiled.files)
        except Problems as problems:
            self._refuse(problems)
            return None
        self.problem = None
        accepted.refuse(self._state_dir, None)
        self._count("accepted")
        _log.info("policy %s is served", compiled.policy.version)
        return compiled

    def _refuse(self, problems: Problems) -> None:
        first = problems.problems[0]
        self.problem = "; ".join(problem.message for problem in problems.problems[:3])
        accepted.refuse(self._state_dir, self.problem)
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


def shown(problems: Problems, files: dict[str, bytes]) -> str:
    """All problems as the author reads them."""
    texts = {name: data.decode(errors="replace") for name, data in files.items()}
    return "\n\n".join(frame(p, texts.get(p.place.file) if p.place else None) for p in problems.problems)
