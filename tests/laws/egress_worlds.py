"""Random folders for the egress law, and what their guards remove: read from the rules as they are written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled

COUNTRIES = ("CN", "US", "DE")
KINDS = (
    *("chat", "chat", "chat", "responses", "messages", "completion", "embedding", "image", "speech", "transcription"),
    *("rerank", "moderation"),
)
DOORS = (0, 1, 2)
ADAPTED = ("gemini",)
APIS = ("openai", "openai", "openai_responses", "openai_responses", "anthropic", "gemini")
CLASSES = ("public", "internal", "confidential", "regulated")
KEYS = {"one": "law-key-one", "two": "law-key-two"}
SOURCES = {"source": "law", "checked": "2026-11-20"}
LISTS = ("us_1260h", "us_entity_list")
TODAY, EVENING, MORNING = "2026-11-28", 1795910390.0, 1795910401.0  # ten seconds before midnight, one after
UNKNOWN = object()
PROXY = "10.99.0.1:3128"  # which the environment names, and some endpoints
HOP = f"http://{PROXY}"


@dataclass(frozen=True)
class Rules:
    """One policy as it is written: its guards, its endpoints' facts by host, what teams allow."""

    guards: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    teams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    judge: str | None = None
    waivers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class World:
    """Several policies, one of which serves at a time, and what may be asked for and frozen."""

    policies: tuple[tuple[Rules, Compiled], ...]
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    selectors: tuple[tuple[str, str], ...]
    dns: Mapping[str, str]


def host_of(number: int, door: int) -> str:
    return f"10.{door}.0.{number + 1}:443"


def name_of(number: int, door: int) -> str:
    return f"v{number + 1}.d{door}.law.test"


def names_at(address: str) -> tuple[str, ...]:
    """Whose certificate who listens there can show."""
    found = re.fullmatch(r"10\.(\d)\.0\.(\d+)", address)
    return (address, name_of(int(found[2]) - 1, int(found[1]))) if found else ()


def world_of(chance: Random) -> World:
    """The same state of `chance` makes the same world: two catalogues, four policies."""
    keepers = chance.random() < 0.3
    rows = [_endpoint(chance, number, keepers=keepers) for number in range(chance.randint(2, 5))]
    kept = rows if chance.random() < 0.6 else rows[:-1]  # an endpoint that is gone
    catalogues = [(rows, 0), (kept, chance.choice((0, 1)))]
    policies = tuple(_policy(chance, *catalogues[number // 2]) for number in range(4))
    ids = [row["id"] for row in rows]
    names = ("auto", "auto", *ids, *{id.split("@")[0] for id in ids})
    selectors = [("endpoint", id) for id in ids] + [("operator", id.split("@")[1]) for id in ids]
    selectors += [(kind, country) for kind in ("origin", "lineage", "exposure") for country in COUNTRIES]
    selectors += [("list", each) for each in (*LISTS, "us_ndaa_1532")]
    places = [(number, door) for number in range(len(rows)) for door in DOORS]
    hosts = tuple(host_of(*place) for place in places)
    dns = {name_of(*place): host_of(*place).partition(":")[0] for place in places}
    return World(policies, names, hosts, tuple(selectors), dns)


def _endpoint(chance: Random, number: int, *, keepers: bool) -> dict[str, Any]:
    """`keepers`: most of its world keep what they are told."""
    country, home = chance.choice(COUNTRIES), chance.choice(COUNTRIES)
    api = "openai_responses" if keepers else chance.choice(APIS)
    storage = chance.choice(([home], [chance.choice(COUNTRIES)], *([] if keepers else [None])))
    ways = ("address", "name") if api in ADAPTED else ("address", "name", "own", "replicas", "proxy")
    return {
        "id": f"m-{country.lower()}@o{number}", "number": number, "country": home, "api": api, "storage": storage,
        "inference": [home], "trains_on_data": chance.choice((True, False, None)), "way": chance.choice(ways),
        "lists": chance.choice(([], [], [chance.choice(LISTS)])), "proxy": chance.choice((True, {"url": HOP})),
        "keeps": storage is not None and api == "openai_responses" and chance.random() < 0.8,
    }  # fmt: skip


def _policy(chance: Random, rows: list[dict[str, Any]], door: int) -> tuple[Rules, Compiled]:
    by_class = chance.random() < 0.3
    guards = tuple(_guard(chance, number, by_class=by_class) for number in range(chance.randint(0, 3)))
    ids = [row["id"] for row in rows]
    teams = {
        team: {"data_class": chance.choice(CLASSES[:3]), "allow": chance.choice(([], ["shadow"], ["shadow", "judge"]))}
        for team in KEYS
    }
    waivers = tuple(
        {"guard": guard["name"], "team": chance.choice(list(KEYS)), "until": TODAY, "approved_by": "x", "reason": "y"}
        for guard in guards if chance.random() < 0.3
    )  # fmt: skip
    facts = {host_of(row["number"], each): _facts(row) for row in rows for each in _doors(row, door)}
    rules = Rules(guards, facts, teams, chance.choice(ids) if chance.random() < 0.6 else None, waivers)
    return rules, compile_folder(_files(chance, rows, rules, door))


def _doors(row: Mapping[str, Any], door: int) -> tuple[int, ...]:
    """Of one of several addresses the second is behind a door of its own."""
    return (door, 2) if row["way"] == "replicas" else (door,)


def _ways(row: Mapping[str, Any], door: int) -> dict[str, Any]:
    """How its address is written. The name of an own machine, without TLS, is tied to its address by a pin."""
    number = row["number"]
    if row["way"] == "replicas":
        return {"replicas": [{"base_url": f"https://{host_of(number, each)}/v1"} for each in _doors(row, door)]}
    if row["way"] == "own":
        pin = {"cidr": f"{host_of(number, door).partition(':')[0]}/32"}
        return {"base_url": f"http://{name_of(number, door)}:443/v1", "pin": pin}
    host = name_of(number, door) if row["way"] in ("name", "proxy") else host_of(number, door)
    return {"base_url": f"https://{host}/v1"} | ({"proxy": row["proxy"]} if row["way"] == "proxy" else {})


def _guard(chance: Random, number: int, *, by_class: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": f"g{number}"}
    classes = [{"data_class": {"at_least": each}} for each in CLASSES[1:3]]
    when = chance.choice(classes) if by_class else chance.choice((
        None, {"stream": True}, {"kind": ["image", "transcription", "chat"]}, {"pii": "email"}, {"team": "one"},
        *classes, {"tokens": {"above": 3}}, {"kind": {"not": "chat"}},
    ))  # fmt: skip
    if when is not None:
        made["when"] = when
    test = chance.choice((
        {"storage": "CN"}, {"inference": ["US", "DE"]}, {"lineage": "DE"}, {"exposure": "CN"}, {"trains_on_data": True},
        {"trains_on_data": False}, {"origin": ["US", "CN"]}, {"hosting": "self"}, {"storage": "DE", "origin": "CN"},
    ))  # fmt: skip
    made[chance.choice(("only", "never"))] = test
    return made


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """None: unknown. Sets are sets."""
    country = row["id"].split("@")[0][2:].upper()
    exposure = None if row["storage"] is None else {row["country"], *row["storage"], *row["inference"]}
    known = {row["country"], *row["inference"], *(row["storage"] or ())}
    ndaa = ["us_ndaa_1532"] if "CN" in (country, row["country"]) else []
    return {
        "id": row["id"], "operator": row["id"].split("@")[1], "origin": {country}, "lineage": {country},
        "storage": None if row["storage"] is None else set(row["storage"]), "inference": set(row["inference"]),
        "exposure": exposure, "known_exposure": known, "trains_on_data": row["trains_on_data"],
        "hosting": _hosting(row), "lists": {*row["lists"], *ndaa}, "proxied": row["way"] == "proxy",
    }  # fmt: skip


def _hosting(row: Mapping[str, Any]) -> str:
    return "self" if row["way"] == "own" else "hosted"


def _files(chance: Random, rows: list[dict[str, Any]], rules: Rules, door: int) -> dict[str, bytes]:
    policy = _written(chance, [row["id"] for row in rows], rules)
    keys = [{"id": t, "team": t, "sha256": hashlib.sha256(key.encode()).hexdigest()} for t, key in KEYS.items()]
    callers = {"teams": rules.teams, "keys": keys}
    parts = {"policy.yaml": policy, "callers.yaml": callers, "catalog/all.yaml": _catalogue(rows, door)}
    return {name: json.dumps(part).encode() for name, part in parts.items()}


def _catalogue(rows: list[dict[str, Any]], door: int) -> dict[str, Any]:
    return {
        "labs": [{"id": f"lab-{c.lower()}", "name": c, "country": c, "lists": [], **SOURCES} for c in COUNTRIES],
        "models": [
            {"id": f"m-{c.lower()}", "lab": f"lab-{c.lower()}", "base": [], "open_weights": True, "licence": "MIT",
             "decensored": False, "context_tokens": 9000, "can": ["tools", "vision"],
             "kinds": sorted(set(KINDS) - {"responses", "messages"}), **SOURCES}
            for c in COUNTRIES
        ],
        "operators": [
            {"id": row["id"].split("@")[1], "name": "x", "country": row["country"], "parent_country": row["country"],
             "lists": row["lists"], **SOURCES}
            for row in rows
        ],
        "endpoints": [
            {"id": row["id"], "model": row["id"].split("@")[0], "operator": row["id"].split("@")[1],
             "hosting": _hosting(row), "storage": row["storage"], "inference": row["inference"],
             "trains_on_data": row["trains_on_data"], "retention_days": 0, "api": row["api"],
             **_ways(row, door), "upstream_model": "x", "can": ["stored_state"] if row["keeps"] else [],
             "key_env": "LAW_API_KEY", "prices": [{"since": "2026-01-01", "input": 1, "output": 2}], **SOURCES}
            for row in rows
        ],
    }  # fmt: skip


def _written(chance: Random, ids: list[str], rules: Rules) -> dict[str, Any]:
    """The policy itself; every route has a shadow, half of the policies a canary."""
    shares: dict[str, Any] = {"shadow": {"endpoint": chance.choice(ids), "percent": chance.choice((50, 100))}}
    if chance.random() < 0.3:
        shares["cache"] = {"ttl": "1d"}
    if chance.random() < 0.5:
        shares["canary"] = {"endpoint": chance.choice(ids), "percent": 50}
    limits = {"first_byte_s": 60, "total_s": 120, "attempts": 4, "retry_same": chance.choice((0, 1))}
    order, affinity = chance.choice(("listed", "price")), chance.choice(("none", "conversation"))
    policy: dict[str, Any] = {
        "version": 1, "aliases": {"auto": "any"}, "guards": list(rules.guards), "waivers": list(rules.waivers),
        "defaults": {"order": order, "limits": limits, "affinity": affinity},
        "routes": [
            {"name": "named", "when": {"model_known": True}, "try": ["requested"], **shares},
            {"name": "rest", "try": [ids[0], {"any": {}}], **shares},
        ],
    }  # fmt: skip
    if rules.judge is not None:
        policy["judge"] = {"endpoint": rules.judge, "percent": 100}
    return policy
