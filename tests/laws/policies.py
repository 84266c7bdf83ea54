"""Random catalogues, policies and requests from a seed. Facts and signals may be unknown; every test form occurs.

Built with `random.Random` rather than strategies, because laws want thousands of them within seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from gateway.catalog.facts import UNKNOWN_MEMBERS, Catalog, Endpoint, Lab, Members, Model, Operator
from gateway.catalog.prices import Price
from gateway.catalog.rows import GATES
from gateway.catalog.table import CAPABILITIES, FACTS, LISTS
from gateway.identity import Caller, Keyring, Team
from gateway.policy.authoring.assemble import assemble
from gateway.policy.authoring.conditions import Scope
from gateway.policy.authoring.routes import Names
from gateway.policy.authoring.shapes import PolicyFile
from gateway.policy.authoring.vocabulary import vocabularies
from gateway.policy.compiled import Compiled, Policy
from gateway.signals.table import SIGNALS
from gateway.signals.value import UNKNOWN, Signals, Value
from gateway.source import Document, Real, Whole, validate

COUNTRIES = ("US", "CN", "DE", "FR", "SG")
SETS = {"eu": ["DE", "FR"], "china": ["CN", "HK", "MO"], "us_lists": list(LISTS[:3])}
TEAMS = {
    "research": Team("research", "any", "public", frozenset({"shadow"}), None, None),
    "sales": Team("sales", "eu", "internal", frozenset(), None, None),
}
KEYRING = Keyring(
    {name: Caller(f"{name}-key", team, "bot" if name == "sales" else None, None) for name, team in TEAMS.items()},
    TEAMS,
    frozenset({"audited", "batch"}),
)
AT = 1_790_000_000.0
T = TypeVar("T")
Rows = list[Endpoint]
Rule = dict[str, Any]


@dataclass(frozen=True)
class World:
    """One random folder before it is compiled, and requests to ask it about."""

    rows: Rows
    guards: list[Rule]
    routes: list[Rule]
    requests: list[Signals]

    def policy(self) -> Policy:
        return policy_of(self.rows, self.guards, self.routes)


def world(seed: int) -> World:
    """The same seed makes the same world."""
    chance = Random(seed)
    rows = [endpoint(chance) for _ in range(chance.randint(1, 6))]
    guards = [guard(chance) for _ in range(chance.randint(0, 4))]
    routes = [route(chance, last=False) for _ in range(chance.randint(0, 3))] + [route(chance, last=True)]
    ids = list(catalog_of(rows).endpoints)
    routes = [weighed(chance, each, ids) for each in routes]
    return World(rows, guards, routes, [request(chance) for _ in range(6)])


def some(chance: Random, words: Sequence[T], most: int, *, least: int = 0) -> list[T]:
    """So many different ones of these."""
    return chance.sample(list(words), min(len(words), chance.randint(least, most)))


def members(chance: Random, words: Sequence[str], *, least: int = 0) -> Members:
    """A set fact; one in four is partly unknown."""
    if chance.random() < 0.25:
        return Members(frozenset(some(chance, words, 1)), complete=False)
    return Members(frozenset(some(chance, words, 2, least=least)))


def endpoint(chance: Random) -> Endpoint:
    """Any facts, some unknown."""
    maybe = (True, False, None)
    home = (*COUNTRIES, None)
    lab = Lab(chance.choice(("lab-a", "lab-b")), "", chance.choice(home), members(chance, LISTS), None, None)
    kinds = chance.choice((("chat",), ("chat",), ("chat", "completion"), ("chat", "embedding"), ("responses",)))
    model = Model(
        id="", lab=lab, bases=(), lineage=members(chance, COUNTRIES, least=1), lab_lists=members(chance, LISTS),
        open_weights=chance.choice(maybe), licence=chance.choice(("MIT", "Apache-2.0", None)),
        licence_family=chance.choice(("permissive", "restricted", "proprietary", None)),
        decensored=chance.choice(maybe), context_tokens=chance.choice((0, 1000, 100_000, 100_000)),
        kinds=frozenset(kinds), can=frozenset(some(chance, CAPABILITIES, 6)),
        output_tokens=chance.choice((100, 400, 2000)), source=None, checked=None,
        licence_gates=members(chance, GATES), territory_excluded=members(chance, COUNTRIES),
    )  # fmt: skip
    operator = Operator(
        id=chance.choice(("op-a", "op-b", "op-c")), name="", country=chance.choice(home),
        parent_country=chance.choice(home), lists=members(chance, LISTS),
        certifications=members(chance, ("soc2", "iso27001")), indemnity=chance.choice(maybe),
        sla=chance.choice((99.0, 99.9, None)), source=None, checked=None,
    )  # fmt: skip
    made = Endpoint(
        id="", model=model, kinds=model.kinds, operator=operator, hosting=chance.choice(("self", "hosted")),
        storage=members(chance, COUNTRIES), inference=members(chance, COUNTRIES, least=1),
        exposure=UNKNOWN_MEMBERS, lists=UNKNOWN_MEMBERS, risk=chance.choice(("low", "medium", "high")),
        risk_reasons=(), trains_on_data=chance.choice(maybe), retention_days=chance.choice((0, 30, None)),
        quantization=chance.choice(("fp8", "int4", None)), api="openai", replicas=(), upstream_model="",
        prices=price(chance.choice((0, 1, 2, 5))), usd_per_hour=None, can=model.can, pin=None,
        source=None, checked=None,
    )  # fmt: skip
    return derived(made)


def price(cost: int) -> tuple[Price, ...]:
    """0 is unknown."""
    return (Price(datetime(2026, 1, 1, tzinfo=UTC), Decimal(cost), Decimal(cost * 3)),) if cost else ()


def derived(endpoint: Endpoint) -> Endpoint:
    """With `exposure` and `lists` made anew from the facts they derive from."""
    operator = endpoint.operator
    homes = _one(operator.country) | _one(operator.parent_country)
    exposure = homes | endpoint.storage | endpoint.inference
    return replace(endpoint, exposure=exposure, lists=operator.lists | endpoint.model.lab_lists)


def _one(country: str | None) -> Members:
    return Members(frozenset({country})) if country else Members(frozenset(), complete=False)


def forgotten(endpoint: Endpoint, fact: str) -> Endpoint:
    """The endpoint, with one fact unknown."""
    operator, model = endpoint.operator, endpoint.model
    unknown: dict[str, Any] = {fact: None}
    if fact in ("country", "parent_country", "indemnity", "sla"):
        return derived(replace(endpoint, operator=replace(operator, **unknown)))
    if fact == "certifications":
        return replace(endpoint, operator=replace(operator, certifications=UNKNOWN_MEMBERS))
    if fact in ("open_weights", "licence", "licence_family", "decensored"):
        return replace(endpoint, model=replace(model, **unknown))
    if fact == "context_tokens":
        return replace(endpoint, model=replace(model, context_tokens=0))
    if fact in ("lineage", "licence_gates", "territory_excluded"):
        part: dict[str, Any] = {fact: Members(getattr(model, fact).known, complete=False)}
        return replace(endpoint, model=replace(model, **part))
    if fact in ("storage", "inference"):
        known = frozenset(sorted(getattr(endpoint, fact).known)[:1])
        partly: dict[str, Any] = {fact: Members(known, complete=False)}
        return derived(replace(endpoint, **partly))
    return replace(endpoint, **unknown)


FORGETTABLE = (
    "country", "parent_country", "indemnity", "sla", "certifications", "open_weights", "licence", "licence_family",
    "licence_gates", "territory_excluded", "decensored", "context_tokens", "lineage", "storage", "inference",
    "trains_on_data", "retention_days", "quantization",
)  # fmt: skip


def catalog_of(rows: Rows) -> Catalog:
    """A catalogue of these endpoints, named by their place; two neighbours share a model's name."""
    named = []
    for index, row in enumerate(rows):
        model = replace(row.model, id=f"m{index // 2}")
        named.append(replace(row, id=f"m{index // 2}@{row.operator.id}/{index}", model=model, index=index))
    return Catalog(
        labs={row.model.lab.id: row.model.lab for row in named},
        models={row.model.id: row.model for row in named},
        operators={row.operator.id: row.operator for row in named},
        endpoints={row.id: row for row in named},
    )


NUMBERS: dict[str, tuple[float, ...]] = {
    "tokens": (10, 500, 5000), "budget_used": (0.5, 0.9), "retention_days": (0, 7, 30), "sla": (99.0, 99.5),
    "context_tokens": (1000, 50_000), "price_output": (4, 10),
}  # fmt: skip
WORDS: dict[str, tuple[str, ...]] = {
    "team": ("research", "sales"), "tag": ("audited", "batch"), "residency": ("any", "eu", "china"),
    "model": ("m0", "m*", "auto"), "language": ("en", "zh", "other"), "quantization": ("fp8", "int4"),
    "source": ("docs/a", "mail/b"), "licence": ("MIT", "Apache-2.0"), "certifications": ("soc2", "iso27001"),
}  # fmt: skip
UNTESTED = frozenset({"app", "endpoint", "model", "lab", "operator"})  # facts whose words depend on the catalogue


def words_of(name: str, *, fact: bool) -> tuple[str, ...]:
    if name in WORDS:
        return WORDS[name]
    found = FACTS[name].words if fact else None
    words = found(Catalog({}, {}, {}, {})) if found else SIGNALS[name].words or ()
    return COUNTRIES if "FR" in words else words


def test_on(chance: Random, name: str, *, fact: bool) -> Any:
    """Any form of test that this name takes."""
    row = FACTS[name] if fact else SIGNALS[name]
    if row.form == "number":
        return _of_number(chance, NUMBERS[name])
    if row.form == "bool":
        return chance.choice((True, False, {"not": True}))
    words = words_of(name, fact=fact)
    several = some(chance, words, 3, least=1)
    plain: list[Any] = [several[0], several]
    if fact and words is COUNTRIES:
        plain.append(chance.choice(("eu", "china")))
    if row.form == "set" and fact and (FACTS[name].has_only or chance.random() < 0.2):
        return {"has": chance.choice((several[0], several))}
    if row.form == "ordered" and chance.random() < 0.4:
        return {chance.choice(("at_least", "at_most")): chance.choice([word for word in words if word != "default"])}
    inner = chance.choice(plain)
    return {"not": inner} if chance.random() < 0.25 else inner


def _of_number(chance: Random, numbers: Sequence[float]) -> Any:
    number = _written(chance.choice(numbers))
    return {chance.choice(("below", "above", "at_least", "at_most")): number} if chance.random() < 0.8 else number


def _written(number: float) -> Whole | Real:
    return Whole.read(str(number)) if isinstance(number, int) else Real.read(str(number))


def tests_of(chance: Random, *, fact: bool, timed: bool = False) -> Rule:
    """One or two tests."""
    known = [name for name, row in FACTS.items() if timed or row.in_guards] if fact else list(SIGNALS)
    names = [name for name in known if name not in UNTESTED or (name == "model" and not fact)]
    return {name: test_on(chance, name, fact=fact) for name in some(chance, names, 2, least=1)}


def guard(chance: Random) -> Rule:
    """Any `when` or none, `only`, `never` or both."""
    made: Rule = {}
    if chance.random() < 0.85:
        made["when"] = tests_of(chance, fact=False)
    part = chance.choice(("only", "never", "both"))
    if part != "never":
        made["only"] = tests_of(chance, fact=True)
    if part != "only":
        made["never"] = tests_of(chance, fact=True)
    return made


def route(chance: Random, *, last: bool) -> Rule:
    """Up to three items of any kind."""
    kinds: list[Any] = ["requested", "m0", {"any": {}}, {"any": tests_of(chance, fact=True, timed=True)}]
    made: Rule = {"try": [chance.choice(kinds) for _ in range(chance.randint(1, 3))]}
    if not last:
        made["when"] = tests_of(chance, fact=False)
    made["order"] = chance.choice(("listed", "price", "cost_per_answer", "first_byte", "weighted"))
    return made


def weighed(chance: Random, route: Rule, endpoints: Sequence[str]) -> Rule:
    """With weights of some of these endpoints, if the route shares by weight."""
    if route["order"] != "weighted":
        return route
    return route | {"weights": {id: _written(chance.choice((0, 1, 3, 60))) for id in some(chance, endpoints, 3)}}


def request(chance: Random) -> Signals:
    """Any signals; one in six is unknown, more rarely where that alone leaves nothing that could serve."""
    rare = frozenset({"kind", "needs", "tokens"})
    return {
        name: UNKNOWN if chance.random() < (0.02 if name in rare else 0.16) else signal(chance, name)
        for name in SIGNALS
    }


def signal(chance: Random, name: str) -> Value:
    """A known value."""
    row = SIGNALS[name]
    if row.form == "bool":
        return chance.random() < 0.5
    if row.form == "number":
        return chance.choice((0, 10, 500, 900, 5000, 50_000)) if name == "tokens" else chance.choice((0.0, 0.5, 1.0))
    if name == "needs" and chance.random() < 0.7:
        return frozenset()
    if row.form == "set":
        return frozenset(some(chance, row.words or (), 2))
    if name == "kind" and chance.random() < 0.7:
        return "chat"
    if name == "model":
        return chance.choice(("auto", "m0", "m1"))
    words: tuple[str | None, ...] = ("bot", None) if name == "app" else words_of(name, fact=False)
    return chance.choice((*words, None)) if row.empty is None and name != "team" else chance.choice(words)


def policy_of(rows: Rows, guards: Sequence[Rule], routes: Sequence[Rule]) -> Policy:
    """Compiled as from a file; the policy must be sound."""
    data = {
        "version": Whole.read("1"),
        "sets": SETS,
        "aliases": {"auto": "any"},
        "guards": [{"name": f"g{place}", **guard} for place, guard in enumerate(guards)],
        "routes": [{"name": f"r{place}", **route} for place, route in enumerate(routes)],
    }
    document = Document("policy.yaml", "", data, None)
    shape, problems = validate(document, PolicyFile)
    assert shape is not None and not problems, problems
    catalog = catalog_of(rows)
    words = vocabularies(catalog, KEYRING, teams=TEAMS, sets=SETS, aliases=shape.aliases)
    scope = Scope(document, {name: tuple(members) for name, members in SETS.items()}, document)
    policy = assemble(shape, Names(catalog, words, {"auto": "any"}, scope), version="v")
    assert not [problem for problem in scope.problems if problem.severity == "error"], scope.problems
    return policy


def compiled_of(world: World) -> Compiled:
    """The folder of that world."""
    return Compiled(world.policy(), KEYRING, (), (), {})
