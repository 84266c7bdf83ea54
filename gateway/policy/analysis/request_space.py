"""The requests that one or two policies can tell apart: a few cells a signal, cut at every constant they mention.

Signals that hang together share a variable: a caller's team, app, residency and class; a model's name and whether it is
known. Everything a rule says of one variable is a mask over its cells, so a rule is a box, and its failing a choice of
masks. With two policies each cell holds the signals as either sees them: a moved key is one caller with two teams.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, pairwise
from math import inf

from gateway.identity import DATA_CLASSES, Caller, Team
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.models import is_alias, passes_on
from gateway.policy.rules import Clause
from gateway.signals.table import SIGNALS
from gateway.signals.value import UNKNOWN, Value

_NOBODY = Team("", "any", DATA_CLASSES[0], frozenset(), None, None)  # who would call a folder without teams
Signals = Mapping[str, Value]
Cell = tuple[Signals, ...]  # as each policy sees it
Box = dict[str, int]  # mask of cells by variable; a variable that is absent is free
WHO, NAME = "caller", "name"
SOMEBODYS = "somebody/elses-model"  # a name that no catalogue knows, where such names are passed on
VARIABLE = {"team": WHO, "app": WHO, "residency": WHO, "data_class": WHO, "model": NAME, "model_known": NAME}
_OTHER_APPS = ("other", *(f"other-{number}" for number in range(1_000)))  # an app that no rule names
SHARES = frozenset({"budget_used"})  # from 0 to 1
NEVER_UNKNOWN = frozenset({"kind", "stream", "tokens", "needs", "effort", "tag", "budget_used"})


@dataclass(frozen=True, slots=True)
class Space:
    """All cells of all variables."""

    cells: Mapping[str, tuple[Cell, ...]]
    names: Mapping[str, int]  # the cell of each name that a caller may ask for
    others: Mapping[str, Value]  # by signal: the value that stands for all that no rule names

    def full(self, variable: str) -> int:
        return (1 << len(self.cells[variable])) - 1

    @property
    def everything(self) -> Box:
        """Every request."""
        return {variable: self.full(variable) for variable in self.cells}

    def box(self, clauses: Iterable[Clause], *, policy: int, guard: bool) -> Box:
        """Where all clauses hold; an unknown signal makes a clause hold in a guard, and fail in a route."""
        masks: Box = {}
        for clause in clauses:
            variable = VARIABLE.get(clause.signal, clause.signal)
            masks[variable] = masks.get(variable, self.full(variable)) & self._mask(clause, variable, policy, guard)
        return masks

    def passed(self, policy: Policy) -> Box:
        """Requests for names that this policy passes on."""
        return {NAME: sum({1 << place for name, place in self.names.items() if passes_on(policy, name)})}

    def spared(self, box: Box, teams: Collection[str], policy: int) -> Box:
        """The box without the requests of these teams."""
        if not teams:
            return box
        theirs = sum(1 << at for at, cell in enumerate(self.cells[WHO]) if cell[policy]["team"] in teams)
        return box | {WHO: box.get(WHO, self.full(WHO)) & ~theirs}

    def _mask(self, clause: Clause, variable: str, policy: int, guard: bool) -> int:
        bits = 0
        for place, cell in enumerate(self.cells[variable]):
            value = cell[policy][clause.signal]
            if guard if value is UNKNOWN else clause.holds(value):
                bits |= 1 << place
        return bits


def space_of(*folders: Compiled) -> Space:
    """Cells for the requests of these folders' callers; who calls is taken from the last."""
    guards = [guard.when for folder in folders for guard in folder.policy.guards]
    routes = [route.when for folder in folders for route in folder.policy.routes]
    clauses = list(chain.from_iterable(guards + routes))
    cells: dict[str, tuple[Cell, ...]] = {
        name: tuple(tuple({name: value} for _ in folders) for value in _values(name, clauses, folders))
        for name in SIGNALS
        if name not in VARIABLE
    }
    named, names = _names(clauses, folders)
    others = {name: value for name in cells if (value := _stand_in(name, clauses)) is not None}
    return Space(cells | {WHO: _callers(clauses, folders), NAME: named}, names, others | {"app": _other_app(clauses)})


def _values(name: str, clauses: Sequence[Clause], folders: Sequence[Compiled]) -> list[Value]:
    """The plainest first; `unknown` last, where the signal can be."""
    row = SIGNALS[name]
    terms = [clause.term for clause in clauses if clause.signal == name]
    witnesses = {pattern.replace("*", "x") for term in terms if term.paths for pattern in term.globs}
    named = sorted(witnesses.union(*(term.values for term in terms)), key=str)
    values: list[Value]
    if row.form == "set":
        values = [frozenset(map(str, some)) for some in _subsets(named)]
    elif row.form == "number":
        constants = [*named, *(bound for term in terms for _, bound in term.bounds)]
        values = _cut([*constants, 1], most=1) if name in SHARES else _cut(constants)
    elif row.form == "bool":
        values = [False, True]
    elif name == "tag":
        values = [None, *sorted(frozenset().union(*(folder.keyring.tags for folder in folders)))]
    else:
        other = _stand_in(name, clauses)
        others = [word for word in row.words or () if word not in named] if name == "kind" else [other]
        shown = [*named, *(word for word in others if word is not None)]
        values = [row.empty, *(word for word in shown if word != row.empty)]
    return values if name in NEVER_UNKNOWN else [*values, UNKNOWN]


def _stand_in(name: str, clauses: Sequence[Clause]) -> str | None:
    """Of a word signal, a word that no rule names; None if there is none, or if all are told apart."""
    row = SIGNALS[name]
    if row.form in ("set", "number", "bool") or name in ("tag", "kind"):
        return None
    named = frozenset().union(*(clause.term.values for clause in clauses if clause.signal == name))
    return next((word for word in row.words or () if word not in named and word != row.empty), None)


def _subsets(named: Sequence[object]) -> Iterable[Sequence[object]]:
    return chain.from_iterable(combinations(named, size) for size in range(len(named) + 1))


def _cut(constants: Iterable[object], *, most: float = inf) -> list[Value]:
    """Every constant, and a number between each two and beyond the last; none below 0 or above `most`."""
    points = sorted({float(str(constant)) for constant in constants} | {0.0})
    cut = sorted({*points, *((low + high) / 2 for low, high in pairwise(points)), points[-1] + 1})
    return [int(point) if point.is_integer() else point for point in cut if 0 <= point <= most]


def _callers(clauses: Sequence[Clause], folders: Sequence[Compiled]) -> tuple[Cell, ...]:
    """Every key, and every team's next key of any app, at every class that its header can raise it to."""
    rows: dict[tuple[tuple[Value, ...], ...], Cell] = {}
    everybody = [*callers_of(*folders), *_issuable(clauses, folders)]
    for header in DATA_CLASSES:
        for seen in everybody:
            cell = tuple(_signals_of(caller, header) for caller in seen)
            rows.setdefault(tuple(tuple(signals.values()) for signals in cell), cell)
    return tuple(rows.values())


def callers_of(*folders: Compiled) -> Iterable[tuple[Caller, ...]]:
    """Each caller of the last folder as all folders know it; who is new to one is a stranger there."""
    last = folders[-1].keyring
    for name, team in (last.teams or {_NOBODY.id: _NOBODY}).items():
        yield tuple(Caller("", folder.keyring.teams.get(name, team), None, None) for folder in folders)
    for sha256, caller in last.callers.items():
        yield tuple(folder.keyring.callers.get(sha256, caller) for folder in folders)


def _issuable(clauses: Sequence[Clause], folders: Sequence[Compiled]) -> Iterable[tuple[Caller, ...]]:
    """Keys issued beside the folder, and tokens: of every team, for every app that a rule names, and another."""
    named = _apps(clauses)
    if not named:
        return
    apps = [*sorted(named), _other_app(clauses)]
    for name, team in folders[-1].keyring.teams.items():
        teams = [folder.keyring.teams.get(name, team) for folder in folders]
        yield from (tuple(Caller("", each, app, None) for each in teams) for app in apps)


def _apps(clauses: Sequence[Clause]) -> set[str]:
    """That rules name, and one for each of their patterns."""
    terms = [clause.term for clause in clauses if clause.signal == "app"]
    named = {str(value) for term in terms for value in term.values if value is not None}
    return named | {pattern.replace("*", "x") for term in terms for pattern in term.globs}


def _other_app(clauses: Sequence[Clause]) -> str:
    named = _apps(clauses)
    return next(name for name in _OTHER_APPS if name not in named)


def _signals_of(caller: Caller, header: str) -> Signals:
    team = caller.team
    raised = max(team.data_class, header, key=DATA_CLASSES.index)
    return {"team": team.id, "app": caller.app, "residency": team.residency, "data_class": raised}


def _names(clauses: Sequence[Clause], folders: Sequence[Compiled]) -> tuple[tuple[Cell, ...], Mapping[str, int]]:
    """Cells for the ways in which the tests on `model` and `model_known` come out, and the cell of each name."""
    tests = [clause for clause in clauses if clause.signal in ("model", "model_known")]
    rows: dict[tuple[bool, ...], Cell] = {}
    places: dict[tuple[bool, ...], int] = {}
    names: dict[str, int] = {}
    for name in _candidates(clauses, folders):
        cell: Cell = tuple({"model": name, "model_known": name in folder.policy.named} for folder in folders)
        outcome = tuple(bool(test.holds(signals[test.signal])) for test in tests for signals in cell)
        key = (*outcome, *(bool(signals["model_known"]) for signals in cell))
        rows.setdefault(key, cell)
        names[name] = places.setdefault(key, len(places))
    return tuple(rows.values()), names


def _candidates(clauses: Sequence[Clause], folders: Sequence[Compiled]) -> list[str]:
    """`auto` first; then every alias, every witness of a pattern, every name of the catalogues."""
    terms = [clause.term for clause in clauses if clause.signal == "model"]
    patterns = [pattern for term in terms for pattern in term.globs]
    found = [
        "auto",
        *([SOMEBODYS] if any(folder.policy.passes for folder in folders) else []),
        *(str(value) for term in terms for value in term.values),
    ]
    for folder in folders:
        aliases = list(folder.policy.aliases)
        found += [alias.replace("*", "x") for alias in aliases]
        found += [pattern.replace("*", "x") for pattern in patterns]
        found += [*folder.policy.named]
    return [name for name in dict.fromkeys(found) if name == "auto" or _askable(name, folders)]


def _askable(name: str, folders: Sequence[Compiled]) -> bool:
    """False for a name that would be answered with 404, unless it was passed on before."""
    policy = folders[-1].policy
    passed = any(passes_on(folder.policy, name) for folder in folders)
    return name in policy.named or is_alias(policy, name) or passed
