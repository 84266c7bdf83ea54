"""Signals as an author gives them, in a case or on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import Problem, Problems, nearest
from gateway.policy.authoring.conditions import Path, Scope, Vocabulary
from gateway.policy.authoring.routes import Names
from gateway.policy.authoring.vocabulary import vocabularies
from gateway.policy.compiled import Compiled
from gateway.policy.rules import glob
from gateway.signals.table import SIGNALS
from gateway.signals.value import UNKNOWN, Value
from gateway.source import Document, Real, Whole, spelled
from gateway.source.scalar import NotANumber, resolve
from gateway.source.shape import kind_word, shortened


@dataclass(frozen=True, slots=True)
class Given:
    """What was given; what was not is that of an empty request."""

    signals: Mapping[str, Value]
    team: str | None
    text: str | None


def read_given(raw: Mapping[str, object], names: Names, path: Path) -> Given:
    """Mistakes go to the scope of `names`."""
    signals: dict[str, Value] = {}
    text = None
    for name, value in raw.items():
        where = (*path, name)
        if name == "text":
            text = _text(value, names.scope, where)
        elif name in SIGNALS:
            signals[name] = read_signal(value, names.words.signals[name], names, where)
        else:
            help_ = nearest(name, [*SIGNALS, "text"])
            names.scope.error(f"no signal is called `{shortened(name)}`", where, key=True, help=help_)
    team = signals.get("team")
    return Given(signals, team if isinstance(team, str) else None, text)


def _text(value: object, scope: Scope, path: Path) -> str | None:
    word = spelled(value)
    if isinstance(word, str):
        return word
    scope.error(f"expected a text, found {kind_word(value)}", path)
    return None


def read_signal(raw: object, vocabulary: Vocabulary, names: Names, path: Path) -> Value:
    """A value, a list for a set signal, `unknown`, or nothing for an absent one."""
    if raw == "unknown":
        return UNKNOWN
    if vocabulary.form == "set":
        words = raw if isinstance(raw, list) else [raw]
        return frozenset(str(_word(word, vocabulary, names, (*path, place))) for place, word in enumerate(words))
    if vocabulary.form == "number":
        return _number(raw, names.scope, path)
    if vocabulary.form == "bool":
        if not isinstance(raw, bool):
            names.scope.error(f"`{vocabulary.name}` is true or false, not {kind_word(raw)}", path)
        return bool(raw)
    if raw is None and SIGNALS[vocabulary.name].empty is None:
        return None
    if vocabulary.name == "model":
        return _model(raw, names, path)
    return _word(raw, vocabulary, names, path)


def _number(raw: object, scope: Scope, path: Path) -> Value:
    if isinstance(raw, Whole):
        return int(raw)
    if isinstance(raw, Real):
        return float(raw)
    scope.error(f"expected a number, found {kind_word(raw)}", path)
    return 0


def _word(raw: object, vocabulary: Vocabulary, names: Names, path: Path) -> str:
    word = _text(raw, names.scope, path)
    if word is None:
        return ""
    if vocabulary.words is not None and word not in vocabulary.words and vocabulary.strict:
        help_ = nearest(word, vocabulary.words)
        names.scope.error(f"`{vocabulary.name}` is never `{shortened(word)}`", path, help=help_)
    return word


def _model(raw: object, names: Names, path: Path) -> str:
    word = _text(raw, names.scope, path)
    if word is None or names.blind:
        return word or ""
    if any(endpoint.passes for endpoint in names.catalog.endpoints.values()):
        return word
    known = [*names.catalog.models, *names.catalog.endpoints, *names.aliases]
    if word != "auto" and word not in known and not any(glob(alias).match(word) for alias in names.aliases):
        names.scope.error(f"no model is called `{shortened(word)}`", path, help=nearest(word, known))
    return word


def given_from_words(words: Sequence[str], compiled: Compiled) -> Given:
    """From `signal=value` as on a command line; sets are separated by commas. Raises Problems."""
    policy = compiled.policy
    document = Document("", "", None, None)
    scope = Scope(document, policy.sets, document)
    vocabulary = vocabularies(
        policy.catalog, compiled.keyring, teams=compiled.keyring.teams, sets=policy.sets, aliases=policy.aliases
    )
    raw = dict(part for word in words if (part := _split(word, scope)) is not None)
    given = read_given(raw, Names(policy.catalog, vocabulary, policy.aliases, scope), ())
    if scope.problems:
        raise Problems([Problem(problem.message, None, problem.help) for problem in scope.problems])
    return given


def _split(word: str, scope: Scope) -> tuple[str, object] | None:
    name, equals, value = word.partition("=")
    if not equals:
        scope.error(f"`{word}` gives no value", (), help="write `signal=value`, e.g. `tokens=900`")
        return None
    if value != "unknown" and name in SIGNALS and SIGNALS[name].form == "set":
        return name, [part.strip() for part in value.split(",") if part.strip()]
    try:
        return name, resolve(value)
    except NotANumber:
        return name, value
