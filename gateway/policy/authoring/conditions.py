"""Reading one test as the author wrote it: values are checked against what the word can be, set names are resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Literal

from gateway.errors import Problem, nearest
from gateway.policy.rules import Constant, Term, glob
from gateway.source import Document, Real, Whole, spelled
from gateway.source.shape import kind_word, resolved, shortened

Form = Literal["word", "set", "number", "bool", "ordered"]
Path = tuple[str | int, ...]
RANGES = ("below", "above", "at_least", "at_most")
OR = "all bounds hold at once; for one or the other write two guards"
_COMPARE = {
    "below": lambda one, other: one < other,
    "above": lambda one, other: one > other,
    "at_least": lambda one, other: one >= other,
    "at_most": lambda one, other: one <= other,
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a signal or fact can be."""

    name: str
    form: Form
    words: tuple[str, ...] | None  # the choices, ascending if ordered; None: any word
    strict: bool = True  # a word that is not among the choices is a mistake; else it is only remarked upon
    globs: bool = False
    paths: bool = False  # the globs are of paths
    names_sets: bool = False  # its values are names of sets: they are compared, never expanded
    has: bool = False  # `{has: …}` may be asked
    has_only: bool = False


@dataclass(slots=True)
class Scope:
    """What can be named in a file, and the mistakes found in it so far."""

    document: Document
    sets: Mapping[str, tuple[str, ...]]
    sets_document: Document
    problems: list[Problem] = field(default_factory=list)

    def error(self, message: str, path: Path, *, help: str | None = None, key: bool = False) -> None:
        self.problems.append(self.document.problem(message, path, key=key, help=help))

    def warn(self, message: str, path: Path, *, help: str | None = None) -> None:
        self.problems.append(replace(self.document.problem(message, path, help=help), severity="warning"))


def read_term(raw: object, vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    """The test; None if it is wrong, which the scope then knows."""
    if isinstance(raw, dict):
        return _operations(raw, vocabulary, scope, path)
    if vocabulary.has_only:
        scope.error(f"`{vocabulary.name}` only takes `{{has: …}}`", path, help=f"write `{{has: {_written(raw)}}}`")
        return None
    return _values(raw, vocabulary, scope, path)


def _operations(raw: Mapping[str, object], vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    known = [*RANGES, "not", *(["has"] if vocabulary.has else [])]
    fitting = ["has"] if vocabulary.has_only else known if vocabulary.form in ("number", "ordered") else known[4:]
    unknown = [name for name in raw if name not in known]
    for name in unknown:
        scope.error(f"no test is called `{shortened(name)}`", (*path, name), key=True, help=nearest(name, fitting))
    if unknown:
        return None
    if not raw:
        scope.error("`{}` tests nothing", path, help=f"write a value, a list or `{{{fitting[-1]}: …}}`")
        return None
    if len(raw) > 1 and not raw.keys() <= set(RANGES):
        scope.error("only ranges can be combined in one test", path, help="write two guards, or one list")
        return None
    (name, inner), *_ = raw.items()
    if name in RANGES:
        return _range(raw, vocabulary, scope, path)
    if name == "not" and vocabulary.has_only:
        scope.error(f"`{vocabulary.name}` only takes `{{has: …}}`", path, help="ask for what it must have")
        return None
    term = _values(inner, vocabulary, scope, (*path, name))
    return replace(term, negated=name == "not", has=name == "has") if term else None


def _range(raw: Mapping[str, object], vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    if vocabulary.form == "number":
        bounds = [
            (name, bound) for name, value in raw.items() if (bound := _bound(value, scope, (*path, name))) is not None
        ]
        if len(bounds) < len(raw):
            return None
        if not _possible(dict(bounds)):
            scope.error(f"no `{vocabulary.name}` lies in this range", path, help=OR)
            return None
        return Term(bounds=tuple(bounds))
    if vocabulary.form != "ordered" or vocabulary.words is None:
        kind = {"set": "a set", "bool": "true or false"}.get(vocabulary.form, "a word without order")
        scope.error(f"`{vocabulary.name}` is {kind}: it has no range", path, help="write a value or a list")
        return None
    words = [word for word in vocabulary.words if word != "default"]
    kept = set(words)
    for name, value in raw.items():
        if value not in words:
            scope.error(
                f"`{vocabulary.name}` is never {_quoted(value)}", (*path, name), help=nearest(str(value), words)
            )
            return None
        edge = words.index(str(value))
        kept &= {word for place, word in enumerate(words) if _COMPARE[name](place, edge)}
    if not kept:
        scope.error(f"no `{vocabulary.name}` lies in this range", path, help="from low to high: " + ", ".join(words))
        return None
    return Term(frozenset(kept))


def _possible(bounds: Mapping[str, float]) -> bool:
    """True if some number is inside all bounds."""
    low = max(bounds.get("above", -inf), bounds.get("at_least", -inf))
    high = min(bounds.get("below", inf), bounds.get("at_most", inf))
    open_ended = bounds.get("above") == low or bounds.get("below") == high
    return low < high or (low == high and not open_ended)


def _bound(value: object, scope: Scope, path: Path) -> float | None:
    if isinstance(value, Whole | Real):
        return float(value)
    scope.error(f"expected a number, found {kind_word(value)}", path, help="write it as it is, without quotes")
    return None


def _values(raw: object, vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    if isinstance(raw, list):
        if not raw:
            scope.error("an empty list tests nothing", path, help="remove the test, or name what it may be")
            return None
        return _together([_item(item, vocabulary, scope, (*path, place)) for place, item in enumerate(raw)])
    if isinstance(raw, str) and raw in scope.sets and not vocabulary.names_sets:
        return _set(raw, vocabulary, scope, path)
    return _together([_item(raw, vocabulary, scope, path)])


def _set(name: str, vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    if _known(name, vocabulary):
        _ambiguous(name, vocabulary, scope, path)
        return None
    there = Scope(scope.sets_document, {}, scope.sets_document, scope.problems)
    words: Sequence[object] = scope.sets[name]
    if vocabulary.form == "number":
        words = [resolved(word) for word in scope.sets[name]]
    return _together([_item(word, vocabulary, there, ("sets", name, place)) for place, word in enumerate(words)])


def _known(word: str, vocabulary: Vocabulary) -> bool:
    """True if it is among the choices; a caller may send what the pattern of an alias takes."""
    words = vocabulary.words or ()
    return word in words or (vocabulary.globs and any("*" in each and glob(each).match(word) for each in words))


def _ambiguous(word: str, vocabulary: Vocabulary, scope: Scope, path: Path) -> None:
    way_out = "rename the set, or write its list out"
    scope.error(f"`{word}` is both a set and a `{vocabulary.name}`", path, help=way_out)


def _together(items: Sequence[Term | None]) -> Term | None:
    sound = [item for item in items if item is not None]
    if len(sound) < len(items):
        return None
    values = frozenset[Constant]().union(*(item.values for item in sound))
    globs = tuple(glob for item in sound for glob in item.globs)
    return Term(values, globs, paths=any(item.paths for item in sound))


def _item(raw: object, vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    if vocabulary.form == "bool":
        return _flag(raw, vocabulary, scope, path)
    if vocabulary.form == "number":
        bound = _bound(raw, scope, path)
        return None if bound is None else Term(frozenset({bound}))
    word = spelled(raw)
    if not isinstance(word, str):
        scope.error(f"`{vocabulary.name}` is never {_quoted(raw)}", path, help=_choices("", vocabulary))
        return None
    if vocabulary.globs and "*" in word:
        return Term(globs=(word,), paths=vocabulary.paths)
    return _word(word, vocabulary, scope, path)


def _flag(raw: object, vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    if isinstance(raw, bool):
        return Term(frozenset({raw}))
    scope.error(f"`{vocabulary.name}` is true or false, not {_quoted(raw)}", path)
    return None


def _word(word: str, vocabulary: Vocabulary, scope: Scope, path: Path) -> Term | None:
    if word in scope.sets and not vocabulary.names_sets and _known(word, vocabulary):
        _ambiguous(word, vocabulary, scope, path)
        return None
    if vocabulary.words is None or _known(word, vocabulary):
        return Term(frozenset({word}))
    if not vocabulary.strict:
        words = f"nothing here has `{vocabulary.name}: {shortened(word)}`"
        scope.warn(words, path, help=_choices(word, vocabulary))
        return Term(frozenset({word}))
    if word in scope.sets:
        scope.error(
            f"`{word}` is a set, and sets do not stand inside lists", path, help=f"write `{vocabulary.name}: {word}`"
        )
    elif word == "EU" and "FR" in vocabulary.words:
        scope.error(
            "`EU` is no country: it stands for one only in the catalogue", path, help="declare a set: `eu: [AT, BE, …]`"
        )
    else:
        scope.error(f"`{vocabulary.name}` is never {_quoted(word)}", path, help=_choices(word, vocabulary, scope))
    return None


def _choices(word: str, vocabulary: Vocabulary, scope: Scope | None = None) -> str | None:
    if vocabulary.words is None:
        return None
    if not vocabulary.words:
        return f"no `{vocabulary.name}` is declared"
    same = next((known for known in vocabulary.words if known.casefold() == word.casefold()), None)
    if same:
        return f"did you mean `{same}`?"
    if "FR" in vocabulary.words:
        return "countries are ISO 3166 codes such as `DE` or `GB`"
    if "fr" in vocabulary.words:
        return "languages are ISO 639-1 codes such as `en` or `zh`, or `other`"
    known = set(vocabulary.words)
    fitting = [name for name, words in scope.sets.items() if known.issuperset(words)] if scope else []
    return nearest(word, [*vocabulary.words, *fitting])


def _quoted(value: object) -> str:
    return f"`{shortened(value)}`" if isinstance(value, str) else kind_word(value)


def _written(raw: object) -> str:
    return "[…]" if isinstance(raw, list) else str(spelled(raw))
