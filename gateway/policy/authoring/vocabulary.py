"""What every signal and fact can be in one folder: fixed words, and the names that its files declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.catalog.facts import Catalog
from gateway.catalog.table import FACTS, Fact
from gateway.errors import nearest
from gateway.identity import Keyring
from gateway.policy.authoring.conditions import Path, Scope, Vocabulary, read_term
from gateway.policy.evaluate import holds
from gateway.policy.rules import Clause, FactTest
from gateway.signals.table import SIGNALS, Signal
from gateway.source.shape import shortened

_LOOSE = frozenset({"licence", "quantization", "certifications", "app"})  # a new word there is no mistake


@dataclass(frozen=True, slots=True)
class Vocabularies:
    """By the name of the signal or fact."""

    signals: Mapping[str, Vocabulary]
    facts: Mapping[str, Vocabulary]


def vocabularies(
    catalog: Catalog | None,
    keyring: Keyring | None,
    *,
    teams: Iterable[str],
    sets: Iterable[str],
    aliases: Iterable[str],
) -> Vocabularies:
    """`teams` and `sets` as declared, also those whose rows hold mistakes. What cannot be read may name anything."""
    apps = {caller.app for caller in keyring.callers.values() if caller.app} if keyring else set()
    names = {
        "team": tuple(teams) if keyring else None,
        "app": tuple(sorted(apps)) if keyring else None,
        "tag": tuple(sorted(keyring.tags)) if keyring else None,
        "residency": ("any", *sets),
        "model": (*catalog.models, *catalog.endpoints, *aliases) if catalog else None,
    }
    passes = catalog is not None and any(endpoint.passes for endpoint in catalog.endpoints.values())
    loose = _LOOSE | {"model"} if passes else _LOOSE  # a name may be one of those that are passed on
    return Vocabularies(
        {name: _signal(row, names.get(name, row.words), loose) for name, row in SIGNALS.items()},
        {name: _fact(row, catalog) for name, row in FACTS.items()},
    )


def _signal(row: Signal, words: tuple[str, ...] | None, loose: frozenset[str]) -> Vocabulary:
    return Vocabulary(
        name=row.name,
        form=row.form,
        words=words,
        strict=row.name not in loose,
        globs=row.name in ("model", "source"),
        paths=row.name == "source",
        names_sets=row.name == "residency",
    )


def _fact(row: Fact, catalog: Catalog | None) -> Vocabulary:
    words = row.words(catalog or Catalog({}, {}, {}, {})) if row.words else None
    if catalog is None and not words:
        words = None
    return Vocabulary(
        name=row.name,
        form=row.form,
        words=words,
        strict=row.name not in _LOOSE,
        has=row.form == "set",
        has_only=row.has_only,
    )


def read_when(raw: Mapping[str, object] | None, words: Vocabularies, scope: Scope, path: Path) -> tuple[Clause, ...]:
    """The tests of a `when`; wrong ones are left out, and the scope knows them."""
    if raw is not None and not raw:
        scope.error("an empty `when` tests nothing", path, help="remove it; without `when` it always applies")
    clauses = []
    for name, test in (raw or {}).items():
        if name not in words.signals:
            scope.error(
                _unknown("signal", name), (*path, name), key=True, help=_elsewhere(name, words.signals, words.facts)
            )
            continue
        term = read_term(test, words.signals[name], scope, (*path, name))
        if term is not None:
            clauses.append(Clause(name, term, holds(term)))
    return tuple(clauses)


def read_tests(
    raw: Mapping[str, object] | None, words: Vocabularies, scope: Scope, path: Path, *, timed: bool = False
) -> tuple[FactTest, ...]:
    """The tests of `only`, `never` or, with `timed`, of `{any: …}`."""
    tests = []
    for name, test in (raw or {}).items():
        where = (*path, name)
        if name not in words.facts:
            scope.error(_unknown("fact", name), where, key=True, help=_elsewhere(name, words.facts, words.signals))
            continue
        if not timed and not FACTS[name].in_guards:
            help_ = f"order by price, or test it in a route: `{{any: {{{name}: …}}}}`"
            scope.error(f"`{name}` changes with the time and cannot stand here", where, key=True, help=help_)
            continue
        term = read_term(test, words.facts[name], scope, where)
        if term is not None:
            tests.append(FactTest(name, term))
    return tuple(tests)


def _unknown(what: str, name: str) -> str:
    return f"no {what} is called `{shortened(name)}`"


def _elsewhere(name: str, known: Mapping[str, Vocabulary], others: Mapping[str, Vocabulary]) -> str:
    if name in others:
        first = "a fact: it goes under `only` or `never`" if "storage" in others else "a signal: it goes under `when`"
        return f"`{name}` is {first}"
    return nearest(name, known)
