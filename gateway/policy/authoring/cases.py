"""Cases: given these signals, expect this decision. `check` and pytest run the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway.catalog.facts import Endpoint
from gateway.errors import Problem, nearest
from gateway.identity import DATA_CLASSES, Team
from gateway.policy.authoring.conditions import Scope
from gateway.policy.authoring.routes import Names
from gateway.policy.authoring.shapes import CasesFile, CaseShape, ExpectShape
from gateway.policy.authoring.signal_literals import read_given
from gateway.policy.authoring.vocabulary import read_tests
from gateway.policy.compiled import Case, Expectation, Policy
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.evaluate import keeps, strikes
from gateway.policy.explain import explanation
from gateway.policy.explain.explanation import shown
from gateway.policy.rules import FactTest
from gateway.policy.view import View
from gateway.signals.table import empty_signals
from gateway.signals.value import UNKNOWN, Signals, Value
from gateway.source import Document, spelled, validate

Measure = Callable[[str], Mapping[str, Value]]  # a text's signals


def compile_cases(document: Document, names: Names, policy: Policy) -> list[Case]:
    """The cases of one file; mistakes go to the scope of `names`."""
    listed = document.under("cases")
    shape, problems = validate(listed, CasesFile)
    names.scope.problems += problems
    scope = Scope(listed, names.scope.sets, names.scope.sets_document, names.scope.problems)
    here = replace(names, scope=scope)
    return [_case(row, here, policy) for row in shape.cases] if shape else []


def _case(shape: CaseShape, names: Names, policy: Policy) -> Case:
    given = read_given(shape.given, names, (*shape.at, "given"))
    place = names.scope.document.place((*shape.at, "note"))
    return Case(shape.note, given.signals, given.team, given.text, _expectation(shape.expect, names, policy), place)


def _expectation(shape: ExpectShape, names: Names, policy: Policy) -> Expectation:
    scope, at = names.scope, shape.at
    _check_expects(shape, scope)
    routes = _declared("routes", names) | {route.name for route in policy.routes}
    if shape.route is not None and shape.route not in routes:
        scope.error(f"no route is called `{shape.route}`", (*at, "route"), help=nearest(shape.route, routes))
    return Expectation(
        route=shape.route,
        refused=shape.refused,
        only=read_tests(shape.only, names.words, scope, (*at, "only"), timed=False),
        never=read_tests(shape.never, names.words, scope, (*at, "never"), timed=False),
        removed_by=_removed_by(shape, names, _declared("guards", names) | {guard.name for guard in policy.guards}),
    )


def _check_expects(shape: ExpectShape, scope: Scope) -> None:
    parts = {"only": shape.only, "never": shape.never, "removed_by": shape.removed_by}
    for part, expected in parts.items():
        if expected is not None and not expected:
            scope.error(f"an empty `{part}` expects nothing", (*shape.at, part), help="say what, or remove it")
    if not scope.document.at(shape.at):
        scope.error(
            "this case expects nothing", shape.at, help="add `route`, `refused`, `only`, `never` or `removed_by`"
        )


def _declared(part: str, names: Names) -> set[str]:
    """Names that policy.yaml gives, also to rows that hold mistakes."""
    data = names.scope.sets_document.data
    rows = data.get(part) if isinstance(data, dict) else None
    return {str(spelled(row.get("name"))) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()


def _removed_by(shape: ExpectShape, names: Names, guards: set[str]) -> Mapping[str, frozenset[str]]:
    expected = {}
    for id, raw in (shape.removed_by or {}).items():
        path = (*shape.at, "removed_by", id)
        wanted = [str(spelled(name)) for name in (raw if isinstance(raw, list) else [raw])]
        if not wanted:
            names.scope.error("an empty list expects nothing", path, help="name the guards that remove it")
        if id not in names.catalog.endpoints and not names.blind:
            help_ = nearest(id, names.catalog.endpoints)
            names.scope.error(f"no endpoint is called `{id}`", path, key=True, help=help_)
        for name in wanted:
            if name not in guards:
                names.scope.error(f"no guard is called `{name}`", path, help=nearest(name, guards))
        expected[id] = frozenset(wanted)
    return expected


def signals_of(team: Team | None, given: Mapping[str, Value], policy: Policy) -> Signals:
    """Signals of an empty request of this team's, overridden by what is given; the data class is only ever raised."""
    signals = dict(empty_signals())
    if team is not None:
        signals |= {"team": team.id, "residency": team.residency, "data_class": team.data_class}
    own = signals["data_class"]
    signals |= given
    raised = signals["data_class"]
    if raised is not UNKNOWN and DATA_CLASSES.index(str(raised)) < DATA_CLASSES.index(str(own)):
        signals["data_class"] = own
    if "model_known" not in given:
        signals["model_known"] = signals["model"] in policy.named
    return signals


def run_case(case: Case, policy: Policy, teams: Mapping[str, Team], *, measure: Measure, at: float) -> list[Problem]:
    """What the decision is that the case does not expect; empty if all is as expected."""
    measured = dict(measure(case.text)) if case.text is not None else {}
    signals = signals_of(teams.get(case.team or ""), {**measured, **case.given}, policy)
    decision = decide(policy, signals, View(at=at))
    return [Problem(f"case failed: {case.note}", case.place, words) for words in _surprises(case.expect, decision)]


def _surprises(expect: Expectation, decision: Decision) -> list[str]:
    told = []
    if expect.route is not None and decision.route.name != expect.route:
        told.append(f"route `{decision.route.name}` applies, not `{expect.route}`")
    if expect.refused is not None and expect.refused != (not decision.endpoints):
        left = ", ".join(endpoint.id for endpoint in decision.endpoints[:6])
        told.append(
            f"it is not refused: {left} may serve it"
            if left
            else f"it is refused: {explanation.denial(decision).message}"
        )
    told += [
        _is_not(endpoint, expect.only, decision) for endpoint in decision.endpoints if not keeps(expect.only, endpoint)
    ]
    if expect.never:
        told += [_is(endpoint, decision) for endpoint in decision.endpoints if strikes(expect.never, endpoint)]
    removed = explanation.removed(decision)
    for id, guards in expect.removed_by.items():
        for guard in sorted(guards - set(removed.get(id, ()))):
            by = ", ".join(f"`{name}`" for name in removed.get(id, ()))
            told.append(f"guard `{guard}` did not remove {id}" + (f"; {by} did" if by else "; nothing removed it"))
    return told


def _is_not(endpoint: Endpoint, tests: tuple[FactTest, ...], decision: Decision) -> str:
    facts = ", ".join(test.fact for test in tests)
    return f"{endpoint.id} survives, and its {facts} is not as expected ({_signals(decision)})"


def _is(endpoint: Endpoint, decision: Decision) -> str:
    return f"{endpoint.id} survives ({_signals(decision)})"


def _signals(decision: Decision) -> str:
    told = {name: value for name, value in decision.signals.items() if value != empty_signals().get(name)}
    return ", ".join(f"{name} is {shown(value)}" for name, value in told.items())
