"""Guards as written become masks: what a guard removes is fixed by facts, so deciding only asks whether it applies."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.catalog.facts import Endpoint
from gateway.policy.authoring.conditions import Scope
from gateway.policy.authoring.shapes import GuardShape
from gateway.policy.authoring.vocabulary import Vocabularies, read_tests, read_when
from gateway.policy.evaluate import removal
from gateway.policy.rules import Guard


def compile_guards(
    shapes: Sequence[GuardShape], words: Vocabularies, scope: Scope, endpoints: Sequence[Endpoint]
) -> tuple[Guard, ...]:
    """In the order of the file."""
    seen: set[str] = set()
    guards = []
    for shape in shapes:
        if shape.name in seen:
            scope.error(f"two guards are called `{shape.name}`", (*shape.at, "name"), help="rename one")
        seen.add(shape.name)
        guards.append(_guard(shape, words, scope, endpoints))
    return tuple(guards)


def _guard(shape: GuardShape, words: Vocabularies, scope: Scope, endpoints: Sequence[Endpoint]) -> Guard:
    when = read_when(shape.when, words, scope, (*shape.at, "when"))
    only = read_tests(shape.only, words, scope, (*shape.at, "only"))
    never = read_tests(shape.never, words, scope, (*shape.at, "never"))
    for part, tests in (("only", shape.only), ("never", shape.never)):
        if tests is not None and not tests:
            scope.error(
                f"an empty `{part}` says nothing", (*shape.at, part), help="name a fact and a test, or remove it"
            )
    if shape.only is None and shape.never is None:
        scope.error(f"guard `{shape.name}` removes nothing", shape.at, help="add `only: …` or `never: …`")
    place = scope.document.place((*shape.at, "name"))
    return Guard(shape.name, shape.why, when, only, never, removal(only, never, endpoints), place)
