"""How long deciding takes: `python -m bench.decide` prints medians for growing policies; and compiling, lint and diff.

A synthetic folder: every guard, route and request differs; half of the guards apply to a typical request.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from gateway.policy.analysis.diff import compare
from gateway.policy.analysis.lint import lint
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.signals.table import PII_KINDS, TOPICS
from gateway.signals.value import Signals

AT = 1_790_000_000.0
COUNTRIES = ("US", "CN", "DE", "FR", "SG", "GB", "JP", "CA")
SIZES = ((5, 2, 30), (25, 10, 150), (50, 20, 300), (100, 40, 600))  # guards, routes, endpoints


def catalog(endpoints: int, chance: Random) -> dict[str, Any]:
    """Eight labs and operators, one model for three endpoints."""
    labs = [{"id": f"lab{n}", "name": f"Lab {n}", "country": COUNTRIES[n], "lists": None} for n in range(8)]
    operators = [
        {"id": f"op{n}", "name": f"Op {n}", "country": COUNTRIES[n], "parent_country": COUNTRIES[n], "lists": None}
        for n in range(8)
    ]
    models = [
        {
            "id": f"model{n}", "lab": f"lab{n % 8}", "base": [], "open_weights": n % 2 == 0, "licence": "MIT",
            "decensored": False, "context_tokens": 1000 * 2 ** (4 + n % 6), "can": ["tools", "vision"][: n % 3],
        }
        for n in range(math.ceil(endpoints / 3))
    ]  # fmt: skip
    doors = [
        {
            "id": f"model{n // 3}@op{n % 8}/r{n}", "hosting": "hosted", "api": "openai",
            "storage": chance.sample(COUNTRIES, chance.randint(0, 2)), "inference": [COUNTRIES[n % 8]],
            "trains_on_data": chance.choice([True, False, None]), "retention_days": chance.choice([0, 30, None]),
            "base_url": f"https://r{n}.example/v1", "key_env": f"OP{n % 8}_API_KEY",
            "prices": [{"since": "2026-01-01", "input": n % 17 / 10 + 0.1, "output": n % 29 / 5 + 0.1}],
        }
        for n in range(endpoints)
    ]  # fmt: skip
    return {"labs": labs, "models": models, "operators": operators, "endpoints": doors}


def guard(number: int, chance: Random) -> dict[str, Any]:
    """One or two tests on signals, one or two on facts."""
    when: dict[str, Any] = chance.choice(
        [
            {"topic": chance.sample(TOPICS, 2)},
            {"pii": chance.sample(PII_KINDS, 3)},
            {"data_class": {"at_least": chance.choice(["internal", "confidential"])}},
            {"tokens": {"above": chance.randint(1, 50_000)}, "stream": True},
            {"language": chance.choice(["zh", "en", "de"]), "team": "research"},
        ]
    )
    parts: list[dict[str, Any]] = [
        {"never": {"exposure": chance.sample(COUNTRIES, 2), "retention_days": {"above": 7}}},
        {"never": {"operator": f"op{chance.randrange(8)}", "lineage": chance.sample(COUNTRIES, 3)}},
        {"never": {"origin": chance.choice(COUNTRIES), "trains_on_data": {"not": False}}},
    ]
    return {"name": f"guard{number}", "when": when, **chance.choice(parts)}


def route(number: int, chance: Random) -> dict[str, Any]:
    """Applies to requests above a length; the items are of every kind."""
    items: list[Any] = [f"model{chance.randrange(8)}", {"any": {"open_weights": True}}, {"any": {}}]
    return {"name": f"route{number}", "when": {"tokens": {"above": 100_000 - number}}, "try": items, "order": "price"}


def folder(guards: int, routes: int, endpoints: int) -> dict[str, bytes]:
    """The files of a policy of this size; JSON is YAML."""
    chance = Random(guards)
    rules = [route(number, chance) for number in range(routes - 1)]
    policy = {
        "version": 1,
        "guards": [guard(number, chance) for number in range(guards)],
        "routes": [*rules, {"name": "rest", "try": [{"any": {}}], "order": "price"}],
    }
    callers = {"teams": {"research": {"data_class": "public"}, "sales": {"data_class": "internal"}}}
    files = {"policy.yaml": policy, "callers.yaml": callers, "catalog/all.yaml": catalog(endpoints, chance)}
    return {name: json.dumps(data).encode() for name, data in files.items()}


def requests(compiled: Compiled, count: int) -> list[Signals]:
    """Different lengths, topics and classes."""
    chance = Random(1)
    return [
        signals_of(
            compiled.keyring.teams[chance.choice(["research", "sales"])],
            {
                "tokens": chance.randint(1, 12_000),
                "topic": frozenset(chance.sample(TOPICS, chance.randint(0, 1))),
                "pii": frozenset(chance.sample(PII_KINDS, chance.randint(0, 1))),
                "language": chance.choice(["en", "zh", "fr"]),
                "stream": chance.random() < 0.5,
            },
            compiled.policy,
        )
        for _ in range(count)
    ]


def median_us(compiled: Compiled, asked: Sequence[Signals]) -> float:
    """Median microseconds of one decision."""
    view = View(at=AT)
    for signals in asked:
        decide(compiled.policy, signals, view)
    taken = []
    for signals in asked:
        start = perf_counter()
        decide(compiled.policy, signals, view)
        taken.append(perf_counter() - start)
    return median(taken) * 1e6


def seconds(work: Callable[..., object], *given: object) -> float:
    """Wall time of one run."""
    start = perf_counter()
    work(*given)
    return perf_counter() - start


def edited(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same folder with two guards dropped and one added."""
    policy = json.loads(files["policy.yaml"])
    del policy["guards"][::3]
    policy["guards"].append({"name": "new", "when": {"topic": "code"}, "never": {"origin": "CN"}})
    return files | {"policy.yaml": json.dumps(policy).encode()}


def main() -> None:
    """Prints one line a size."""
    heads = ("guards", "routes", "endpoints", "left", "decide us", "compile s", "lint s", "diff s")
    print("".join(f"{head:>11}" for head in heads))
    for guards, routes, endpoints in SIZES:
        files = folder(guards, routes, endpoints)
        compiled, other = compile_folder(files), compile_folder(edited(files))
        asked = requests(compiled, 2000)
        left = median(len(decide(compiled.policy, signals, View(at=AT)).endpoints) for signals in asked)
        us = median_us(compiled, asked)
        once = (seconds(compile_folder, files), seconds(lint, compiled), seconds(compare, compiled, other))
        figures = f"{guards:>11}{routes:>11}{endpoints:>11}{left:>11.0f}{us:>11.1f}"
        print(figures + "".join(f"{each:>11.2f}" for each in once))


if __name__ == "__main__":
    main()
