"""Whatever stands in a folder, compiling it ends with a policy or with Problems in words; never with anything else."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Problems
from gateway.policy.analysis.lint import lint
from gateway.policy.authoring.compile import compile_folder
from gateway.source import frame, parse
from tests.unit.policy.small import folder

CASES = b"""\
- note: a case of everything
  given: {team: sales, data_class: regulated, topic: [code], tokens: 900, model: glm, needs: unknown, text: hello}
  expect: {route: rest, refused: false, only: {hosting: self}, never: {lists: us_lists},
           removed_by: {glm@zai: eu-residency}}
"""
FILES = folder(cases=CASES)
NAMES = sorted(FILES)
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 3.5, 10**30, "", "x", "*", "auto", "eu", "glm", "glm@zai", "unknown", "EU", "requested", [], {},
    ["x"], [[]], [None], {"x": 1}, {"not": "x"}, {"has": []}, {"any": {}}, {"at_least": {}}, {"below": "x"},
    "2026-13-01",
)  # fmt: skip


def plain(name: str) -> Any:
    return json.loads(json.dumps(parse(FILES[name], name).data))


PLAIN = {name: plain(name) for name in NAMES}


def damaged(data: Any, chance: Random) -> Any:
    """The same data after a few edits anywhere in it."""
    data = copy.deepcopy(data)
    for _ in range(chance.randint(1, 3)):
        places = list(spots(data))
        inside, step = chance.choice(places)
        edit = chance.choice(("replace", "replace", "drop", "rename", "add"))
        if edit == "replace":
            inside[step] = copy.deepcopy(chance.choice(JUNK))
        elif edit == "drop":
            del inside[step]
        elif edit == "rename" and isinstance(inside, dict):
            inside[str(chance.choice(JUNK))] = inside.pop(step)
        elif isinstance(inside, dict):
            inside[chance.choice(["when", "only", "never", "try", "x", "name"])] = copy.deepcopy(chance.choice(JUNK))
        if not list(spots(data)):
            return data
    return data


def spots(data: Any) -> Any:
    """Every place that can be edited."""
    steps = data.keys() if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for step in list(steps):
        yield data, step
        yield from spots(data[step])


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_damaged_folder_is_compiled_or_told_in_words(seed):
    chance = Random(seed)
    name = chance.choice([*NAMES, "policy.yaml", "policy.yaml"])
    files = FILES | {name: json.dumps(damaged(PLAIN[name], chance)).encode()}

    try:
        compiled = compile_folder(files)
        problems = (*compiled.problems, *lint(compiled))
    except Problems as wrong:
        problems = wrong.problems
        assert any(problem.severity == "error" for problem in problems)

    for problem in problems:
        text = files[problem.place.file].decode() if problem.place else None
        words = frame(problem, text)
        assert not any(odd in words for odd in ("Whole", "Real(", "pydantic", "Error", "dict[", "NoneType", "Input "))
