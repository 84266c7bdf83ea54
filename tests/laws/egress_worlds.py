"""Random folders for the egress law, and what their guards remove: read from the rules as they are written."""

from __future__ import annotations

import hashlib
import json
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
APIS = ("openai", "openai", "openai_responses", "anthropic", "gemini")
CLASSES = ("public", "internal", "confidential", "regulated")
KEYS = {"one": "law-key-one", "two": "law-key-two"}
SOURCES = {"source": "law", "checked": "2026-11-20"}
UNKNOWN = object()


@dataclass(frozen=True)
class Rules:
    """One policy as it is written: its guards, its endpoints' facts by host, what teams allow."""

    guards: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    teams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    judge: str | None = None


@dataclass(frozen=True)
class World:
    """Several policies, one of which serves at a time, and what may be asked for and frozen."""

    policies: tuple[tuple[Rules, Compiled], ...]
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    selectors: tuple[tuple[str, str], ...]


def host_of(number: int, door: int) -> str:
    return f"10.{door}.0.{number + 1}:443"


def world_of(chance: Random) -> World:
    """The same state of `chance` makes the same world."""
    rows = [_endpoint(chance, number) for number in range(chance.randint(2, 5))]
    policies = tuple(_policy(chance, rows) for _ in range(3))
    ids = [row["id"] for row in rows]
    names = ("auto", "auto", *ids, *{id.split("@")[0] for id in ids})
    selectors = [("endpoint", id) for id in ids] + [("operator", id.split("@")[1]) for id in ids]
    selectors += [(kind, country) for kind in ("origin", "lineage", "exposure") for country in COUNTRIES]
    hosts = tuple(host_of(number, door) for number in range(len(rows)) for door in (0, 1))
    return World(policies, names, hosts, tuple(selectors))


def _endpoint(chance: Random, number: int) -> dict[str, Any]:
    country, home = chance.choice(COUNTRIES), chance.choice(COUNTRIES)
    return {
        "id": f"m-{country.lower()}@o{number}", "country": home, "api": chance.choice(APIS),
        "storage": chance.choice(([home], [chance.choice(COUNTRIES)], None)), "inference": [home],
        "trains_on_data": chance.choice((True, False, None)),
    }  # fmt: skip


def _policy(chance: Random, rows: list[dict[str, Any]]) -> tuple[Rules, Compiled]:
    door = chance.choice((0, 0, 0, 1))
    kept = rows if chance.random() < 0.8 else rows[:-1]  # an endpoint that is gone
    guards = tuple(_guard(chance, number) for number in range(chance.randint(0, 3)))
    ids = [row["id"] for row in kept]
    teams = {
        team: {"data_class": chance.choice(CLASSES[:3]), "allow": chance.choice(([], ["shadow"], ["shadow", "judge"]))}
        for team in KEYS
    }
    shares = {"shadow": {"endpoint": chance.choice(ids), "percent": chance.choice((50, 100))}}
    if chance.random() < 0.5:
        shares["canary"] = {"endpoint": chance.choice(ids), "percent": 50}
    judge = chance.choice(ids) if chance.random() < 0.6 else None
    files = _files(chance, kept, guards, shares, teams, judge, door)
    facts = {host_of(rows.index(row), door): _facts(row) for row in kept}
    return Rules(guards, facts, teams, judge), compile_folder(files)


def _guard(chance: Random, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {"name": f"g{number}"}
    when = chance.choice((
        None, {"stream": True}, {"kind": ["image", "transcription", "chat"]}, {"pii": "email"}, {"team": "one"},
        {"data_class": {"at_least": "internal"}}, {"tokens": {"above": 3}}, {"kind": {"not": "chat"}},
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
    return {
        "id": row["id"], "operator": row["id"].split("@")[1], "origin": {country}, "lineage": {country},
        "storage": None if row["storage"] is None else set(row["storage"]), "inference": set(row["inference"]),
        "exposure": exposure, "known_exposure": known, "trains_on_data": row["trains_on_data"], "hosting": "hosted",
    }  # fmt: skip


def _files(
    chance: Random,
    rows: list[dict[str, Any]],
    guards: tuple[Mapping[str, Any], ...],
    shares: dict[str, Any],
    teams: dict[str, Any],
    judge: str | None,
    door: int,
) -> dict[str, bytes]:
    number = {row["id"]: int(row["id"].split("@o")[1]) for row in rows}
    catalogue = {
        "labs": [{"id": f"lab-{c.lower()}", "name": c, "country": c, "lists": [], **SOURCES} for c in COUNTRIES],
        "models": [
            {"id": f"m-{c.lower()}", "lab": f"lab-{c.lower()}", "base": [], "open_weights": True, "licence": "MIT",
             "decensored": False, "context_tokens": 9000, "can": ["tools", "vision"],
             "kinds": sorted(set(KINDS) - {"responses", "messages"}), **SOURCES}
            for c in COUNTRIES
        ],
        "operators": [
            {"id": row["id"].split("@")[1], "name": "x", "country": row["country"], "parent_country": row["country"],
             "lists": [], **SOURCES}
            for row in rows
        ],
        "endpoints": [
            {"id": row["id"], "model": row["id"].split("@")[0], "operator": row["id"].split("@")[1],
             "hosting": "hosted", "storage": row["storage"], "inference": row["inference"],
             "trains_on_data": row["trains_on_data"], "retention_days": 0, "api": row["api"],
             "base_url": f"https://{host_of(number[row['id']], door)}/v1", "upstream_model": "x",
             "key_env": "LAW_API_KEY", "prices": [{"since": "2026-01-01", "input": 1, "output": 2}], **SOURCES}
            for row in rows
        ],
    }  # fmt: skip
    limits = {"first_byte_s": 60, "total_s": 120, "attempts": 4, "retry_same": chance.choice((0, 1))}
    order = chance.choice(("listed", "price"))
    policy = {
        "version": 1, "aliases": {"auto": "any"}, "guards": list(guards),
        "defaults": {"order": order, "limits": limits, "affinity": chance.choice(("none", "conversation"))},
        "routes": [
            {"name": "named", "when": {"model_known": True}, "try": ["requested"], **shares},
            {"name": "rest", "try": [rows[0]["id"], {"any": {}}], **shares},
        ],
    }  # fmt: skip
    if judge is not None:
        policy["judge"] = {"endpoint": judge, "percent": 100}
    keys = [{"id": t, "team": t, "sha256": hashlib.sha256(key.encode()).hexdigest()} for t, key in KEYS.items()]
    parts = {"policy.yaml": policy, "callers.yaml": {"teams": teams, "keys": keys}, "catalog/all.yaml": catalogue}
    return {name: json.dumps(part).encode() for name, part in parts.items()}


def removed(rules: Rules, host: str, frozen: tuple[tuple[str, str], ...], signals: dict[str, Any], purpose: str) -> str:
    """Why no byte of such a request may go to this host; nothing if it may."""
    facts = rules.facts.get(host)
    if facts is None:
        return "no endpoint of this policy is there"
    for kind, value in frozen:
        if _frozen(facts, kind, value):
            return f"frozen: {kind} {value}"
    team = rules.teams.get(signals["team"])
    if team is None:
        return "no such team"
    data_class = max(signals["data_class"], team["data_class"], key=CLASSES.index)
    now = {**signals, "data_class": data_class}
    for guard in rules.guards:
        if _applies(guard.get("when"), now) and _removes(guard, facts):
            return str(guard["name"])
    if purpose in ("shadow", "judge") and (
        purpose not in team["allow"] or CLASSES.index(data_class) > CLASSES.index("internal")
    ):
        return f"kept from the {purpose}"
    return ""


def _frozen(facts: Mapping[str, Any], kind: str, value: str) -> bool:
    if kind == "endpoint":
        return bool(facts["id"] == value)
    if kind == "operator":
        return bool(facts["operator"] == value)
    known = facts["known_exposure"] if kind == "exposure" else facts[kind]
    return value in known


def _applies(when: Mapping[str, Any] | None, signals: Mapping[str, Any]) -> bool:
    """True also for what is not known."""
    for name, test in (when or {}).items():
        value = signals.get(name, UNKNOWN)
        if value is UNKNOWN or "UNKNOWN" in repr(value).upper():
            continue
        if not _holds(name, test, value):
            return False
    return True


def _holds(name: str, test: Any, value: Any) -> bool:
    if isinstance(test, dict):
        if "not" in test:
            return not _holds(name, test["not"], value)
        if "at_least" in test:
            return CLASSES.index(value) >= CLASSES.index(test["at_least"])
        return bool(value > test["above"])
    if isinstance(value, frozenset):
        return test in value
    return value in test if isinstance(test, list) else bool(value == test)


def _removes(guard: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """`only` needs every test to be true; `never` needs one to be false."""
    tests = guard.get("only") or guard["never"]
    verdicts = [_fact(facts, name, test, all_of="only" in guard) for name, test in tests.items()]
    return (
        not all(each is True for each in verdicts) if "only" in guard else all(each is not False for each in verdicts)
    )


def _fact(facts: Mapping[str, Any], name: str, test: Any, *, all_of: bool) -> bool | None:
    """True, false, or None where the fact is not known. Of a set: all of it in `only`, any of it in `never`."""
    words = set(test) if isinstance(test, list) else {test}
    value = facts[name]
    if name in ("trains_on_data", "hosting"):
        return None if value is None else value in words
    if value is None:
        known = facts["known_exposure"] if name == "exposure" else set()
        if all_of:
            return False if known - words else None
        return True if known & words else None
    return value <= words if all_of else bool(value & words)
