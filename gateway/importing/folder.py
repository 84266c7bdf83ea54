"""A Draft becomes the files of a policy folder; of the catalogue only what is used is taken."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from gateway.importing.doors import UNKNOWN_LAB
from gateway.importing.draft import Draft, Item, Way, unique, word
from gateway.importing.litellm_names import plain
from gateway.importing.shipped import Row
from gateway.importing.writing import document, rows

_OWN_OPERATOR: Row = {"id": "self", "name": "our own machines"}
_ROW_ORDER = ("id", "hosting", "storage", "inference")


def files(draft: Draft) -> dict[str, bytes]:
    """By name, for a folder that does not exist yet."""
    ids = draft.ids()
    catalog = _catalog(draft, ids)
    made = {
        "policy.yaml": document("schema/policy.json", _policy(draft, ids, catalog)),
        "callers.yaml": document("schema/callers.json", _callers(draft)),
        "catalog/imported.yaml": document("../schema/catalog.json", catalog),
    }
    if draft.cases:
        made["cases/imported.yaml"] = rows(draft.cases, "../schema/cases.json")
    return made


def _policy(draft: Draft, ids: Mapping[int, str], catalog: Mapping[str, list[Row]]) -> Row:
    known = {str(row["id"]) for row in [*catalog["models"], *catalog["endpoints"]]}
    aliases = {name: note for name, note in draft.names.items() if name not in known}
    routes = _routes(draft, ids, catalog)
    if not draft.every_name:
        routes.append({"name": unique("named", {str(route["name"]) for route in routes}), "try": ["requested"]})
    routes = [{**route, **({"cache": draft.cache} if draft.cache else {})} for route in routes]
    guards = [_guard(guard, ids) for guard in draft.guards if _is_asked_for(guard, known | aliases.keys())]
    parts = {"version": 1, "aliases": aliases, "guards": guards, "budgets": _budgets(draft, ids)}
    return {name: value for name, value in parts.items() if value} | {"defaults": draft.defaults, "routes": routes}


def _budgets(draft: Draft, ids: Mapping[int, str]) -> list[Row]:
    """Of endpoints and operators that are written."""
    operators = {id.partition("@")[2].partition("/")[0] for id in ids.values()}
    found: list[Row] = []
    for row in draft.budgets:
        bounds = {"usd": row["usd"], "per": row["per"]}
        if "handle" in row and row["handle"] in ids:
            found.append({"endpoint": ids[row["handle"]], **bounds})
        elif row.get("operator") in operators:
            found.append({"operator": row["operator"], **bounds})
    return found


def _is_asked_for(guard: Row, names: Set[str]) -> bool:
    """False for a guard on a name of which nothing was imported: whoever asks for that gets 404."""
    when = guard.get("when")
    model = when.get("model") if isinstance(when, dict) else None
    return not isinstance(model, str) or model in names


def _guard(guard: Row, ids: Mapping[int, str]) -> Row:
    """Endpoints of a guard are handles until now."""
    handles = guard.get("handles")
    plain = {key: value for key, value in guard.items() if key != "handles"}
    return (
        plain
        if handles is None
        else {**plain, "only": {"endpoint": sorted({ids[handle] for handle in handles if handle in ids})}}
    )


def _routes(draft: Draft, ids: Mapping[int, str], catalog: Mapping[str, list[Row]]) -> list[Row]:
    merged: dict[Way, tuple[str, list[str]]] = {}
    for route, name, way in draft.ways:
        if not _is_requested(draft, ids, catalog, name, way):
            merged.setdefault(way, (route, []))[1].append(name)
    taken: set[str] = {"named"}
    return [
        _route(unique(word(name), taken), names, way, ids, every=draft.every_name)
        for way, (name, names) in merged.items()
    ]


def _is_requested(draft: Draft, ids: Mapping[int, str], catalog: Mapping[str, list[Row]], name: str, way: Way) -> bool:
    """True if the last route does the same: a name of the catalogue whose only endpoint is all there is to try."""
    handles = [handle for item in way.items for handle in item.handles]
    there = [str(row["id"]) for row in catalog["endpoints"] if str(row["id"]).partition("@")[0] == name]
    default = draft.defaults.get("on_refusal", {}).get("reroute")
    plain = (
        not way.limits and not way.when and way.canary is None and (way.reroute is None or list(way.reroute) == default)
    )
    return plain and not draft.every_name and len(handles) == 1 and there == [ids[handles[0]]]


def _route(route: str, names: list[str], way: Way, ids: Mapping[int, str], *, every: bool) -> Row:
    made: Row = {"name": route}
    when = (
        {}
        if every and not way.when
        else ({} if every else {"model": names[0] if len(names) == 1 else names})
        | {key: list(value) if isinstance(value, tuple) else value for key, value in way.when}
    )
    made |= {"when": when} if when else {}
    made["try"] = [_item(item, ids) for item in way.items]
    made |= {"order": way.order} if way.order else {}
    weights: dict[str, float] = {}
    for handle, weight in way.weights:
        weights[ids[handle]] = plain(weights.get(ids[handle], 0) + weight)
    made |= {"weights": weights} if weights else {}
    made |= {"limits": dict(way.limits)} if way.limits else {}
    made |= {"on_refusal": {"reroute": list(way.reroute)}} if way.reroute is not None else {}
    made |= {"canary": {"endpoint": ids[way.canary[0]], "percent": way.canary[1]}} if way.canary else {}
    return made


def _item(item: Item, ids: Mapping[int, str]) -> Any:
    named = list(dict.fromkeys(ids[handle] for handle in item.handles))
    if not item.together:
        return named[0]
    ceiling = {} if item.at_most is None else {"price_output": {"at_most": item.at_most}}
    return {"any": {"endpoint": named if len(named) > 1 else named[0], **ceiling}}


def _callers(draft: Draft) -> Row:
    made: Row = {"tags": draft.tags} if draft.tags else {}
    return made | {"teams": draft.teams or {"imported": {"data_class": "confidential"}}, "keys": draft.keys}


def _catalog(draft: Draft, ids: Mapping[int, str]) -> dict[str, list[Row]]:
    """The rows of the endpoints, and of every model, lab and operator that they need."""
    endpoints = [_endpoint(draft, number, id) for number, id in ids.items()]
    models = _models(draft, ids)
    labs = {str(row["lab"]) for row in models}
    operators = {id.partition("@")[2].partition("/")[0] for id in ids.values()}
    made = {
        "labs": [draft.shipped.rows["labs"].get(lab, {**UNKNOWN_LAB, "id": lab}) for lab in sorted(labs)],
        "models": models,
        "operators": [_operator(draft, id) for id in sorted(operators)],
        "endpoints": endpoints,
    }
    prices = {id: draft.shipped.rows["prices"].get(str(draft.wanted[handle].row["id"])) for handle, id in ids.items()}
    made["prices"] = [{**row, "endpoint": id} for id, row in prices.items() if row is not None]
    return made


def _operator(draft: Draft, id: str) -> Row:
    return _OWN_OPERATOR if id == "self" else draft.shipped.rows["operators"].get(id, {"id": id, "name": id})


def _endpoint(draft: Draft, number: int, id: str) -> Row:
    wanted = draft.wanted[number]
    row = {key: value for key, value in wanted.row.items() if key not in ("id", "key_env", "model", "operator")}
    if "upstream_model" not in row and id != wanted.row["id"]:
        row["upstream_model"] = str(wanted.row["id"]).partition("@")[0]
    made = {"id": id, **{key: row[key] for key in _ROW_ORDER if key in row}, **row}
    made |= {"ceilings": wanted.ceilings} if wanted.ceilings else {}
    made |= {"parameters": wanted.parameters} if wanted.parameters else {}
    return made | ({"key_env": wanted.key_env} if wanted.key_env else {})


def _models(draft: Draft, ids: Mapping[int, str]) -> list[Row]:
    """With the models that these were trained from, or may hand a request to."""
    own = {str(w.own_model["id"]): w.own_model for w in draft.wanted if w.own_model is not None}
    found: dict[str, Row] = {}
    wanted = [id.partition("@")[0] for id in ids.values()]
    while wanted:
        id = wanted.pop(0)
        row = own.get(id) or draft.shipped.rows["models"].get(id)
        if row is None or id in found:
            continue
        found[id] = row
        wanted += [str(name) for name in [*(row.get("base") or ()), *(row.get("router_of") or ())]]
    return list(found.values())
