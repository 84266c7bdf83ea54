"""What a helper process does for pages: reports, and what the tools say about policy folders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.background.policy_versions import Policies
from gateway.catalog.facts import Endpoint
from gateway.control.job import CheckJob, DiffJob, Done, ExplainJob, Files, Job, Place, ReportJob, VersionJob
from gateway.errors import GatewayError, Problem, Problems
from gateway.errors import Place as Position
from gateway.policy.analysis.check import review
from gateway.policy.analysis.diff import compare, plain
from gateway.policy.analysis.versions import changes
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.authoring.signal_literals import given_from_words
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.explain.serialize import plain_decision
from gateway.policy.freeze import Frozen
from gateway.policy.models import resolve_model
from gateway.policy.view import View
from gateway.processes.accepted_policy import load_version
from gateway.processes.adapter_environment import no_adapter
from gateway.processes.freezing import stopped_here
from gateway.processes.key_files import key_at
from gateway.record.store import Store, open_store
from gateway.report import vendors
from gateway.report.ledger import Spanned, recorded, well_known
from gateway.report.page import page
from gateway.report.reports import REPORTS, Asked
from gateway.report.table import NotATable, as_csv
from gateway.settings import Settings
from gateway.signals.measure import measure_prompt
from gateway.upstreams.logins import Logins

TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8", "html": "text/html; charset=utf-8"}
_encode = msgspec.json.Encoder().encode


class Jobs:
    """What jobs stand on, made when it is first needed."""

    def __init__(self, place: Place):
        self.settings = Settings(state_dir=place.state_dir, database_url=place.database_url)
        self._served = Policies(place.state_dir)
        self._store: Store | None = None

    def served(self) -> Compiled:
        """The policy that the gateway serves. Raises GatewayError."""
        return self._served.look()

    def policy(self) -> Policy:
        """The same."""
        return self.served().policy

    def compiled(self, files: Files | None) -> Compiled:
        """Of a folder that was sent, or the one that serves. Raises Problems, GatewayError."""
        return self.served() if files is None else compile_folder(dict(files))

    def kept(self, version: str) -> dict[str, bytes]:
        """The files of a version that was accepted or refused here. Raises GatewayError."""
        files = load_version(self.settings.state_dir, version)
        if files is None:
            raise GatewayError("not_found", f"no policy of version `{version}` is kept here")
        return files

    def store(self) -> Store:
        """Raises LedgerUnusable."""
        if self._store is None:
            self._store = open_store(database_url=self.settings.database_url, state_dir=self.settings.state_dir)
        return self._store


def do(job: Job, desk: Jobs, at: float) -> Done:
    """Raises GatewayError, and whatever the ledger raises."""
    if isinstance(job, ReportJob):
        return _report(job, desk, at)
    if isinstance(job, CheckJob):
        return Done(_encode(_checked(job, desk, at)))
    if isinstance(job, ExplainJob):
        return Done(_encode(_explained(job, desk)))
    if isinstance(job, VersionJob):
        return Done(_encode(_changed(job, desk)))
    assert isinstance(job, DiffJob)
    try:
        return Done(_encode(plain(compare(desk.compiled(job.old), desk.compiled(job.new)))))
    except Problems as wrong:
        raise _unusable(wrong) from None


def _report(job: ReportJob, desk: Jobs, at: float) -> Done:
    compiled = desk.served()
    rows = Spanned(recorded(None, settings=desk.settings, since=job.since, teams=job.teams))
    has_key = None if job.keyless else Logins(key_at).found
    try:
        made = REPORTS[job.name](Asked(rows, compiled, job.by, job.text, has_key))
    except NotATable as wrong:
        raise GatewayError("invalid_request", str(wrong)) from None
    return Done(_written(job, made, compiled.policy, at, rows).encode(), TYPES[job.format])


def _written(job: ReportJob, made: Mapping[str, Any], policy: Policy, at: float, rows: Spanned) -> str:
    if job.format == "json":
        return _encode(made).decode()
    if job.name == "vendors":
        return vendors.as_csv(made["rows"]) if job.format == "csv" else vendors.as_html(made["rows"])
    if job.format == "csv":
        return as_csv(made)
    made_at = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return page(job.name, made, policy_version=policy.version, made_at=made_at, since=job.period, span=rows)


def _checked(job: CheckJob, desk: Jobs, at: float) -> dict[str, Any]:
    try:
        compiled = desk.compiled(job.files)
    except Problems as wrong:
        return {"problems": [_problem(problem) for problem in wrong.problems], "cases": {"passed": 0, "failed": 0}}
    known = well_known(desk.settings, now=at)
    found = review(compiled, measure=measure_prompt, at=at, has_key=_knower(desk), no_adapter=no_adapter(), known=known)
    problems = [_problem(problem) for problem in found.problems]
    return {"problems": problems, "cases": {"passed": found.passed, "failed": found.failed}}


def _changed(job: VersionJob, desk: Jobs) -> dict[str, Any]:
    new = desk.kept(job.version)
    if job.against is None:
        return {
            "version": job.version,
            "against": "",
            "files": sorted(new),
            "reach": "the first policy here",
            "text": "",
        }
    return {"version": job.version, "against": job.against, **changes(desk.kept(job.against), new)}


def _knower(desk: Jobs) -> Any:
    """Whether an endpoint's key is set. A folder that was sent learns nothing of other variables of this process."""
    ours = {part for endpoint in desk.served().catalog.endpoints.values() for part in endpoint.login}
    logins = Logins(key_at)

    def has_key(endpoint: Endpoint) -> bool:
        return not ours.issuperset(endpoint.login) or logins.found(endpoint)

    return has_key


def _problem(problem: Problem) -> dict[str, Any]:
    place = problem.place or Position("", 0, 0)
    return {
        "severity": problem.severity,
        "message": problem.message,
        "file": place.file or None,
        "line": place.line or None,
        "column": place.column or None,
        "help": problem.help,
    }


def _explained(job: ExplainJob, desk: Jobs) -> dict[str, Any]:
    try:
        compiled = desk.compiled(job.files)
        decision = _decided(job, compiled, stopped_here(desk.settings.state_dir))
    except Problems as wrong:
        raise _unusable(wrong) from None
    told = plain_decision(decision, compiled.keyring.teams.get(str(decision.signals.get("team"))))
    if not decision.endpoints:
        refusal = explanation.denial(decision)
        told["refusal"] = {"status": refusal.status, "code": refusal.code, "message": refusal.message}
    return told


def _decided(job: ExplainJob, compiled: Compiled, frozen: Frozen) -> Decision:
    """Raises Problems for what no request is like, GatewayError `model_not_found`."""
    policy = compiled.policy
    given = given_from_words(list(job.given), compiled)
    measured = dict(measure_prompt(job.text)) if job.text is not None else {}
    signals = {**measured, **given.signals}
    if "model" in signals and "model_known" not in given.signals:
        known = resolve_model(policy, str(signals["model"]))
        signals = {"model_known": known, **signals}
    whole = signals_of(compiled.keyring.teams.get(given.team or ""), signals, policy)
    return decide(policy, whole, View(at=job.at, frozen=frozen, estimates=job.snapshot))


def _unusable(wrong: Problems) -> GatewayError:
    first = wrong.problems[0]
    where = f"{first.place.file}:{first.place.line}: " if first.place else ""
    more = f" (and {len(wrong.problems) - 1} more)" if len(wrong.problems) > 1 else ""
    return GatewayError("invalid_request", f"{where}{first.message}{more}")
