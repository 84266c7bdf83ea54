"""Routes as written become lists of endpoints: every item of a `try` is resolved, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.catalog.facts import ANY_MODEL, Catalog, Endpoint
from gateway.catalog.parameters import parameters
from gateway.catalog.rows import Parameters
from gateway.errors import nearest
from gateway.policy.authoring.caches import cache_of
from gateway.policy.authoring.conditions import Path, Scope
from gateway.policy.authoring.defaults import Preferences, limits, on_refusal
from gateway.policy.authoring.shapes import CanaryShape, RouteShape, ShareShape
from gateway.policy.authoring.vocabulary import Vocabularies, read_tests, read_when
from gateway.policy.evaluate import keeps, mask
from gateway.policy.rules import Item, OnRefusal, Order, Route, Share
from gateway.source import spelled
from gateway.source.shape import kind_word, shortened

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Names:
    """What the items of a `try`, and every other place that names an endpoint, can mean."""

    catalog: Catalog
    words: Vocabularies
    aliases: Mapping[str, str]
    scope: Scope
    blind: bool = False  # the catalogue cannot be read: no name of it is known, and none is a mistake


def item_of(text: str, endpoints: Sequence[Endpoint], model: str | None = None) -> Item:
    """An item that stands for these endpoints."""
    ordered = sorted(endpoints, key=lambda endpoint: endpoint.index)
    pairs = tuple((1 << endpoint.index, endpoint) for endpoint in ordered)
    return Item(text, pairs, mask(ordered), model)


def endpoint_named(name: str, names: Names, path: Path, *, key: bool = False) -> Endpoint | None:
    """The endpoint with this id; None if there is none, which the scope then knows."""
    endpoint = names.catalog.endpoints.get(name)
    if endpoint is not None and endpoint.passes:
        words = f"`{name}` stands for whatever a caller names, and `{{pass: …}}` alone proposes it"
        names.scope.error(words, path, key=key, help=f"in a `try`: `{{pass: {endpoint.operator.id}}}`")
        return None
    if endpoint is None and not names.blind:
        help_ = nearest(name, names.catalog.endpoints)
        if name in names.catalog.models:
            doors = [e.id for e in names.catalog.endpoints.values() if e.model.id == name]
            help_ = f"`{name}` is a model; its endpoints: " + (", ".join(f"`{door}`" for door in doors) or "none")
        names.scope.error(f"no endpoint is called `{shortened(name)}`", path, key=key, help=help_)
    return endpoint


def priced(name: str | None, names: Names, path: Path) -> Endpoint | None:
    """A baseline: its price must be known."""
    endpoint = endpoint_named(name, names, path) if name is not None else None
    if endpoint is not None and not (endpoint.prices and endpoint.prices[-1].known):
        words = f"the price of `{name}` is not known, so nothing can be measured against it"
        names.scope.error(words, path, help="add a row with `input` and `output` to its `prices`")
        return None
    return endpoint


def compile_routes(shapes: Sequence[RouteShape], defaults: Preferences, names: Names) -> tuple[Route, ...]:
    """In the order of the file."""
    scope = names.scope
    seen: set[str] = set()
    for shape in shapes:
        if shape.name in seen:
            scope.error(f"two routes are called `{shape.name}`", (*shape.at, "name"), help="rename one")
        seen.add(shape.name)
    if shapes and shapes[-1].when is not None:
        words = f"route `{shapes[-1].name}` is the last and has a `when`: a request might fit no route"
        scope.error(words, (*shapes[-1].at, "when"), key=True, help="remove it, or add a last route without `when`")
    return tuple(_route(shape, defaults, names) for shape in shapes)


def _route(shape: RouteShape, defaults: Preferences, names: Names) -> Route:
    scope, at = names.scope, shape.at
    own = Preferences(shape.order, shape.affinity, shape.limits, shape.on_refusal, (*at, "on_refusal"))
    layers = (own, defaults)
    baseline = priced(shape.baseline, names, (*at, "baseline"))
    items = read_items(shape.try_, names, (*at, "try"))
    order = shape.order or defaults.order or "cost_per_answer"
    return Route(
        name=shape.name,
        when=read_when(shape.when, names.words, scope, (*at, "when")),
        items=items,
        order=order,
        affinity=shape.affinity or defaults.affinity or "conversation",
        limits=limits(layers),
        on_refusal=_on_refusal(layers, names),
        baseline=baseline,
        canary=read_share(shape.canary, names),
        shadow=read_share(shape.shadow, names),
        exploration=shape.exploration or "none",
        place=scope.document.place((*at, "name")),
        weights=_weights(shape, order, items, names),
        parameters=_parameters(shape, names),
        cache=cache_of(shape.cache, names.words, scope, (*at, "cache")),
    )


def _parameters(shape: RouteShape, names: Names) -> Parameters | None:
    def complain(message: str, path: Path, help: str) -> None:
        names.scope.error(message, (*shape.at, "parameters", *path), key="add" in path, help=help)

    return parameters(shape.parameters, names.catalog.body_fields, complain)


def _weights(shape: RouteShape, order: Order, items: Sequence[Item], names: Names) -> tuple[float, ...]:
    """By the index of each endpoint of the catalogue; () where the route says nothing."""
    if not shape.weights:
        return ()
    scope, at = names.scope, (*shape.at, "weights")
    if order != "weighted":
        words = f"route `{shape.name}` has `weights`, and its order is `{order}`: nothing is shared by them"
        scope.error(words, at, key=True, help="write `order: weighted`, or remove the weights")
    elif items and not any(item.requested or len(item.pairs) > 1 for item in items):
        words = (
            f"each item of route `{shape.name}` is one endpoint: they are tried in this order, and nothing is shared"
        )
        scope.warn(words, at, help="one item shares: `try: [{any: {endpoint: [a@x, b@y]}}]`, or the id of a model")
    found = [1.0] * len(names.catalog.endpoints)
    proposed = mask(endpoint for item in items for _, endpoint in item.pairs)
    open_ended = any(item.requested for item in items)
    for id, weight in shape.weights.items():
        endpoint = endpoint_named(id, names, (*at, id), key=True)
        if endpoint is None:
            continue
        found[endpoint.index] = float(weight)
        if not (open_ended or proposed >> endpoint.index & 1):
            words = f"route `{shape.name}` never proposes `{id}`, so its weight does nothing"
            scope.warn(words, (*at, id), help="name it in `try`, or remove the weight")
    return tuple(found)


def _on_refusal(layers: tuple[Preferences, ...], names: Names) -> OnRefusal:
    return on_refusal(layers, names.words.signals["topic"], names.scope)


def read_share(shape: CanaryShape | ShareShape | None, names: Names) -> Share | None:
    """A canary, shadow or judge."""
    if shape is None:
        return None
    endpoint = endpoint_named(shape.endpoint, names, (*shape.at, "endpoint"))
    stop = shape.stop_if if isinstance(shape, CanaryShape) else None
    rates = (("refusal_rate", stop.refusal_rate), ("failure_rate", stop.failure_rate)) if stop else ()
    bounds = tuple((name, float(bound.above)) for name, bound in rates if bound)
    return Share(endpoint, float(shape.percent), bounds) if endpoint else None


def read_items(raw: object, names: Names, path: Path) -> tuple[Item, ...]:
    """The items of a `try`: a list, or the name of a set."""
    if isinstance(raw, str) and raw in names.scope.sets:
        raw = list(names.scope.sets[raw])
        found_items = [_item(each, names, path) for each in raw]
    elif isinstance(raw, list) and raw:
        found_items = [_item(each, names, (*path, place)) for place, each in enumerate(raw)]
    else:
        what = "an empty list" if isinstance(raw, list) else kind_word(raw)
        names.scope.error(f"`try` is a list of items, not {what}", path, help="`[{any: {}}]` proposes every endpoint")
        return ()
    items = [each for each in found_items if each is not None]
    if len(items) == len(found_items):
        _warn_of_duplicates(items, names.scope, path)
    return tuple(items)


def _warn_of_duplicates(items: Sequence[Item], scope: Scope, path: Path) -> None:
    listed, texts = 0, set[str]()
    for place, item in enumerate(items):
        if item.text in texts or (item.mask and not item.mask & ~listed):
            words = f"{item.text} stands in this `try` already"
            scope.warn(words, (*path, place), help="a duplicate keeps its first place")
        texts.add(item.text)
        listed |= 0 if item.prices else item.mask


def _item(raw: object, names: Names, path: Path) -> Item | None:
    if isinstance(raw, dict):
        return _mapping(raw, names, path)
    word = spelled(raw)
    if not isinstance(word, str):
        names.scope.error(
            f"`try` cannot hold {kind_word(raw)}",
            path,
            help="endpoint id, model id, `requested`, `{any: {…}}` or `{pass: …}`",
        )
        return None
    if word == "requested":
        return Item("`requested`", (), 0, None, requested=True)
    if word in names.catalog.endpoints:
        endpoint = endpoint_named(word, names, path)
        return None if endpoint is None else item_of(f"`{word}`", [endpoint], endpoint.model.id)
    if word in names.catalog.models:
        doors = [e for e in names.catalog.endpoints.values() if e.model.id == word]
        if not doors:
            names.scope.warn(f"model `{word}` has no endpoint", path)
        return item_of(f"`{word}`", doors, word)
    if names.blind:
        return None
    help_ = nearest(word, ["requested", *names.catalog.models, *names.catalog.endpoints])
    if word in names.aliases:
        help_ = f"`{word}` is an alias: it maps nothing, and a route says where it goes"
    names.scope.error(f"no endpoint or model is called `{shortened(word)}`", path, help=help_)
    return None


def _mapping(raw: Mapping[str, object], names: Names, path: Path) -> Item | None:
    for key in raw:
        if key not in ("any", "pass"):
            help_ = "did you mean `any`?"
            names.scope.error(f"no item is called `{shortened(key)}`", (*path, key), key=True, help=help_)
            return None
    if "any" in raw and "pass" in raw:
        names.scope.error("one item holds both `any` and `pass`", path, help="write two: `[{any: {…}}, {pass: …}]`")
        return None
    return _pass(raw["pass"], names, (*path, "pass")) if "pass" in raw else _any(raw, names, path)


def _pass(raw: object, names: Names, path: Path) -> Item | None:
    """The rows of one operator that stand for any model."""
    operator = spelled(raw)
    if not isinstance(operator, str):
        names.scope.error(f"`pass` names an operator, not {kind_word(raw)}", path, help="`{pass: openrouter}`")
        return None
    doors = [e for e in names.catalog.endpoints.values() if e.passes and e.operator.id == operator]
    if not doors and not names.blind:
        known, row = operator in names.catalog.operators, f"{ANY_MODEL}@{operator}"
        help_ = (
            f'add one to the catalogue: `{{id: "{row}", …}}`' if known else nearest(operator, names.catalog.operators)
        )
        words = f"`{operator}` has no row for any model" if known else f"no operator is called `{shortened(operator)}`"
        names.scope.error(words, path, help=help_)
        return None
    return replace(item_of(f"`{{pass: {operator}}}`", doors), passes=True)


def _any(raw: Mapping[str, object], names: Names, path: Path) -> Item | None:
    inner = raw.get("any")
    if not isinstance(inner, dict):
        what = "nothing" if inner is None else kind_word(inner)
        names.scope.error(f"`any` takes tests, not {what}", path, help="`{any: {}}` stands for every endpoint")
        return None
    tests = read_tests(inner, names.words, names.scope, (*path, "any"), timed=True)
    timed = tuple(test for test in tests if test.fact == "price_output")
    fixed = tuple(test for test in tests if test.fact != "price_output")
    known = [endpoint for endpoint in names.catalog.endpoints.values() if not endpoint.passes]
    kept = [endpoint for endpoint in known if keeps(fixed, endpoint)]
    item = item_of(f"`{{any: {written(inner)}}}`", kept)
    return Item(item.text, item.pairs, item.mask, None, timed)


def written(value: object) -> str:
    """Plain data on one line, as an author would write it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(spelled(value))
