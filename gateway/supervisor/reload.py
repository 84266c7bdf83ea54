"""Watches the policy folder. A change is taken whole or not at all; a refused one says why, and the old one serves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import time, time_ns
from uuid import uuid4

from gateway.errors import Place, Problem, Problems
from gateway.policy.analysis.diff import Difference, compare, difference_text, widening
from gateway.policy.authoring.cases import run_case
from gateway.policy.authoring.compile import compile_folder, version_of
from gateway.policy.compiled import Compiled
from gateway.policy.layout import POLICY
from gateway.processes import accepted_policy as accepted
from gateway.processes import audit
from gateway.processes.policy_folder import look, read_folder, unnamed_catalog
from gateway.record.heartbeat import Cells, tell
from gateway.signals.measure import measure_prompt

FRESH_NS = 2_000_000_000  # so long after a change another one may hide behind the same times: contents are compared
STOP_AT_ONCE = "what must stop at once, `gateway freeze` stops without a reload"
_log = logging.getLogger("gateway")


def compile_path(folder: Path) -> Compiled:
    """Raises Problems: every mistake of every file."""
    return compile_folder(read_folder(folder))


def accept(folder: Path, state_dir: Path) -> Compiled:
    """What a start serves with, kept as accepted. Raises Problems, also if it widens what was accepted before."""
    compiled = compile_path(folder)
    before = _accepted_before(state_dir)
    if before is None:
        waivers = _waivers(compiled)
        detail: dict[str, object] = {"version": compiled.policy.version}
        _record(state_dir, "policy_accepted", folder, detail | ({"waivers": waivers} if waivers else {}))
    elif before[0] != compiled.policy.version:
        old = _compile_accepted(before[1], state_dir)
        _check_widening(old, compiled)
        _record(state_dir, "policy_accepted", folder, _change(old, compiled))
    accepted.keep_version(state_dir, compiled.policy.version, compiled.files)
    accepted.keep(state_dir, compiled.policy.version, compiled.files)
    _warn(folder)
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
        self._seen = look(folder)
        self._fresh = True
        self._unread = False  # the last reading failed, perhaps for want of descriptors: it is tried again
        self._tried: str | None = None  # the version that was refused last, once it could be read

    def changed(self) -> bool:
        """True after the files changed, and for a moment longer. Never raises."""
        seen = look(self._folder)
        if seen == self._seen and not (self._fresh or self._unread):
            return False
        self._fresh = time_ns() - seen.newest_ns < FRESH_NS
        self._seen = seen
        return True

    def reload(self, *, asked: bool = False) -> Compiled | None:
        """The new version, kept as accepted; None if it is refused, or nothing is new. Never raises.

        `asked`: by an administrator, so that what was refused is tried again, and what serves is read again.
        """
        try:
            self._unread = True
            files = read_folder(self._folder)
            self._unread = False
            version = version_of(files)
            if not asked and self._is_known(version):
                return None
            self._tried = version
            compiled = self._checked(compile_folder(files))
        except Problems as problems:
            self._refuse(problems)
            return None
        except Exception as wrong:  # noqa: BLE001 - whatever stands in a file: the old policy serves on
            _log.exception("the changed policy could not be looked at")
            message = f"the change cannot be judged, and why is not known ({type(wrong).__name__})"
            self._refuse(Problems([Problem(message, Place(POLICY, 1, 1))]))
            return None
        self._compiled, self.problem, self._tried = compiled, None, None
        self._count("accepted")
        _log.info("policy %s is served", compiled.policy.version)
        _warn(self._folder)
        return compiled

    def _is_known(self, version: str) -> bool:
        """True if it serves already, or was refused; what serves again after a refusal is told."""
        if version != self._compiled.policy.version:
            return version == self._tried
        self._tried = None
        if self.problem is not None:
            self.problem = None
            self._count("accepted")
            _log.info("policy %s stands in its folder again", version)
        return True

    def _checked(self, compiled: Compiled) -> Compiled:
        """Kept as accepted. Raises Problems."""
        failed = _failed_cases(compiled)
        if failed:
            raise Problems(failed)
        _check_widening(self._compiled, compiled)
        if compiled.policy.version != self._compiled.policy.version:
            _record(self._state_dir, "policy_accepted", self._folder, _change(self._compiled, compiled))
        self._keep(compiled)
        return compiled

    def _keep(self, compiled: Compiled) -> None:
        """Raises Problems: what cannot be kept would be unknown to other workers and to the next start."""
        try:
            accepted.keep_version(self._state_dir, compiled.policy.version, compiled.files)
            accepted.keep(self._state_dir, compiled.policy.version, compiled.files)
        except OSError as error:
            said = f"the state folder {self._state_dir} cannot be written: {error.strerror}"
            way_out = "make room or give the right to write, then send SIGHUP"
            raise Problems([Problem(said, Place(POLICY, 1, 1), way_out)]) from None

    def _record_refusal(self, said: str) -> None:
        """With the files as they were. Whatever fails here, the change stays refused."""
        detail: dict[str, object] = {"why": said, "serves": self._compiled.policy.version}
        try:
            contents = read_folder(self._folder)
            detail["version"] = version_of(contents)
            accepted.keep_version(self._state_dir, version_of(contents), contents, refused=True)
        except (OSError, Problems):
            detail["version"] = None
        with suppress(Problems):
            _record(self._state_dir, "policy_refused", self._folder, detail)

    def _refuse(self, problems: Problems) -> None:
        first = problems.problems[0]
        said = "; ".join(problem.message for problem in problems.problems[:3])
        where = f"{first.place.file}:{first.place.line}" if first.place else str(self._folder)
        said = f"{said} ({where}); {STOP_AT_ONCE}"
        if said != self.problem:
            self._count("refused")
            self._record_refusal(said)
            _log.error("the changed policy is refused, the old one serves on: %s", said)
        self.problem = said


def _record(state_dir: Path, action: str, folder: Path, detail: dict[str, object]) -> None:
    """What the owner of the folder's files did. Raises Problems: what cannot be recorded is not done."""
    try:
        audit.record(state_dir, action, by=audit.owner(folder), via="file", detail=detail)
    except OSError as error:
        said = f"the audit in {state_dir} cannot be written: {error.strerror}"
        raise Problems([Problem(said, Place(POLICY, 1, 1), "make room, then send SIGHUP")]) from None


def _warn(folder: Path) -> None:
    """Of rows that stand in the folder and are read by nobody."""
    for problem in unnamed_catalog(folder):
        _log.warning("%s; %s", problem.message, problem.help)


def _change(old: Compiled, new: Compiled) -> dict[str, object]:
    """Versions, files, and what it changes for whom."""
    names = sorted(name for name in old.files.keys() | new.files.keys() if old.files.get(name) != new.files.get(name))
    reach = difference_text(compare(old, new))
    change = {"version": new.policy.version, "before": old.policy.version, "files": names, "reach": reach}
    waivers = _waivers(new)
    return change | ({"waivers": waivers} if waivers or _waivers(old) else {})


def _waivers(compiled: Compiled) -> list[dict[str, str]]:
    """All that stand in the folder, as the audit keeps them."""
    return [
        {
            "guard": each.guard,
            "team": each.team,
            "until": each.until.isoformat(),
            "approved_by": each.approved_by,
            "reason": each.reason,
        }
        for each in compiled.policy.waivers
    ]


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
        wider = difference_text(Difference(changes, (), ()))
        said = f"the new policy widens what policy {old.policy.version} allows\n{wider}"
        way_out = f"write `allow_widening: {old.policy.version}` in policy.yaml if that is meant; it permits this once"
        raise Problems([Problem(said, Place(POLICY, 1, 1), way_out)])


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
