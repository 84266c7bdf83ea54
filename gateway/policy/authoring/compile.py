"""A folder's files become one Compiled: every name resolved, every mistake of every file reported at once. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from traceback import walk_tb

from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped, shipped_catalog
from gateway.catalog.facts import Catalog
from gateway.catalog.overlay import overlaid
from gateway.catalog.sources import Written
from gateway.collector import uncollected
from gateway.errors import Place, Problem, Problems, nearest
from gateway.identity import Budget, Keyring, compile_callers
from gateway.policy.authoring.assemble import assemble
from gateway.policy.authoring.cases import compile_cases
from gateway.policy.authoring.conditions import Scope
from gateway.policy.authoring.routes import Names
from gateway.policy.authoring.shapes import PolicyFile
from gateway.policy.authoring.vocabulary import vocabularies
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.layout import CALLERS, POLICY, SHIPPED, catalog_layers, of_catalog
from gateway.source import Document, read, validate


@dataclass(slots=True)
class _Folder:
    """The files as read, and the mistakes found so far."""

    files: Mapping[str, bytes]
    problems: list[Problem] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)  # mistakes against YAML itself

    def all(self, others: Sequence[Problem]) -> list[Problem]:
        """Every mistake; where YAML itself is broken, nothing else is said of that place."""
        broken = {problem.place for problem in self.unreadable}
        spots = {(place.file, place.line, place.column) for place in broken if place}
        rest = [
            p
            for p in (*self.problems, *others)
            if not p.place or (p.place.file, p.place.line, p.place.column) not in spots
        ]
        return [*self.unreadable, *rest]

    def document(self, name: str) -> Document | None:
        """None if the file is missing or cannot be read."""
        document, problems = read(self.files[name], name)
        self.unreadable += problems
        return None if problems and document.data is None else document

    def inside(self, folder: str) -> list[Document]:
        names = sorted(name for name in self.files if name.startswith(f"{folder}/"))
        return [document for name in names if (document := self.document(name)) is not None]


def compile_folder(files: Mapping[str, bytes]) -> Compiled:
    """`files` by name: policy.yaml, callers.yaml, catalog/x.yaml, cases/x.yaml. Raises Problems, and nothing else."""
    try:
        with uncollected():
            return _compiled(files)
    except Problems:
        raise
    except Exception as wrong:  # whatever stands in a file: it is refused, and ends no process
        message = f"this cannot be compiled, and why is not known ({type(wrong).__name__})"
        way_out = "take back what was changed here, and report it: it is a fault of the gateway's"
        raise Problems([Problem(message, _at_work_on(wrong), way_out)]) from wrong


def _at_work_on(wrong: BaseException) -> Place:
    """The row or the file that the innermost function held."""
    frames = [frame for frame, _ in walk_tb(wrong.__traceback__)]
    for frame in reversed(frames):
        for value in frame.f_locals.values():
            if isinstance(value, Written):
                return value.place()
            if isinstance(value, Document):
                return value.place(())
    return Place(POLICY, 1, 1)


def _compiled(files: Mapping[str, bytes]) -> Compiled:
    folder = _Folder(files)
    for name, example in ((POLICY, "guards and routes"), (CALLERS, "teams and keys")):
        if name not in files:
            way_out = f"write one with {example}"
            folder.problems.append(Problem(f"the folder has no `{name}`", Place(name, 1, 1), way_out))
    catalog = _catalog(folder)
    keyring, teams = _keyring(folder)
    policy_document = folder.document(POLICY) if POLICY in files else None
    shape, names = None, None
    if policy_document is not None:
        shape, problems = validate(policy_document, PolicyFile)
        folder.problems += problems
    if shape is not None and policy_document is not None:
        names = _names(shape, policy_document, catalog, keyring, teams)
    if shape is None or names is None:
        raise Problems(folder.all([]))
    policy = assemble(shape, names, version=version_of(files))
    cases = [case for document in folder.inside("cases") for case in compile_cases(document, names, policy)]
    problems = folder.all(names.scope.problems + _residencies(folder, names, keyring))
    if keyring is None or catalog is None or any(problem.severity == "error" for problem in problems):
        raise Problems(problems)
    return Compiled(policy, _bounded(keyring, policy), tuple(cases), tuple(problems), dict(files))


def _bounded(keyring: Keyring, policy: Policy) -> Keyring:
    """With the policy's budgets."""
    by_team: dict[str, list[Budget]] = {}
    for account in policy.budgets:
        if account.place is None:
            by_team.setdefault(account.team, []).append(account.budget)
    return keyring.bounded(by_team, [each for each in policy.budgets if each.place]) if policy.budgets else keyring


def version_of(files: Mapping[str, bytes]) -> str:
    """A short name for exactly these files."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode())
        total.update(files[name])
    return total.hexdigest()[:12]


def _catalog(folder: _Folder) -> Catalog | None:
    layers = catalog_layers(folder.files.get(POLICY, b""))
    files = {name: data for name, data in folder.files.items() if of_catalog(name, layers)}
    for layer in layers:
        if any(name.startswith(f"{layer.prefix}/") for name in files):
            continue
        if layer.path is None:
            files |= {f"{SHIPPED}/{name}": data for name, data in shipped_catalog().items()}
        else:
            folder.problems.append(_missing_layer(layer.path))
    if not files:
        return None
    catalog, problems, unreadable = _read_catalog(tuple(layer.prefix for layer in layers), tuple(sorted(files.items())))
    folder.problems += problems
    folder.unreadable += unreadable
    return catalog


def _missing_layer(path: str) -> Problem:
    help_ = "put catalogue files there, or name another folder with `catalog: PATH` in policy.yaml"
    return Problem(f"there is no catalogue: no YAML file stands in `{path}`", Place(POLICY, 1, 1), help_)


@lru_cache(maxsize=2)
def _read_catalog(
    prefixes: tuple[str, ...],
    files: tuple[tuple[str, bytes], ...],
) -> tuple[Catalog | None, tuple[Problem, ...], tuple[Problem, ...]]:
    """Kept, because it is most of the work and a policy changes more often than its catalogue."""
    folder = _Folder(dict(files))
    layers = [folder.inside(prefix) for prefix in prefixes]
    catalog = None
    if any(layers):
        try:
            catalog = compile_catalog(overlaid(layers), shipped())
        except Problems as wrong:
            folder.problems += wrong.problems
    return catalog, tuple(folder.problems), tuple(folder.unreadable)


def _keyring(folder: _Folder) -> tuple[Keyring | None, Sequence[str]]:
    document = folder.document(CALLERS) if CALLERS in folder.files else None
    if document is None:
        return None, ()
    keyring, problems = compile_callers(document)
    folder.problems += problems
    teams = document.data.get("teams") if isinstance(document.data, dict) else None
    return keyring, tuple(teams) if isinstance(teams, dict) else ()


def _names(
    shape: PolicyFile, document: Document, catalog: Catalog | None, keyring: Keyring | None, teams: Sequence[str]
) -> Names:
    sets = {name: tuple(words) for name, words in shape.sets.items()}
    declared = document.data.get("sets") if isinstance(document.data, dict) else None
    set_names = tuple(declared) if isinstance(declared, dict) else ()
    words = vocabularies(catalog, keyring, teams=teams, sets=set_names, aliases=shape.aliases)
    aliases = {name: text or "" for name, text in shape.aliases.items()}
    known = catalog or Catalog({}, {}, {}, {})
    return Names(known, words, aliases, Scope(document, sets, document), blind=catalog is None)


def _residencies(folder: _Folder, names: Names, keyring: Keyring | None) -> list[Problem]:
    known = names.words.signals["residency"].words or ()
    wrong = [team for team in (keyring.teams.values() if keyring else ()) if team.residency not in known]
    if not wrong:
        return []
    document, _ = read(folder.files[CALLERS], CALLERS)
    return [
        document.problem(
            f"`residency` is never {f'`{team.residency}`' if team.residency else 'empty'}",
            ("teams", team.id, "residency"),
            help=f"`any`, or a set of policy.yaml: {nearest(team.residency, known)}",
        )
        for team in wrong
    ]
