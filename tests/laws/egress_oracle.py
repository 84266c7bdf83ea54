"""What guards, freezes and waivers remove, read from the rules as they are written: shares no code with ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.laws.egress_network import Byte
from tests.laws.egress_vendor import kept_by
from tests.laws.egress_worlds import CLASSES, UNKNOWN

_KEPT = re.compile(rb"resp_\d+")


def removed(byte: Byte, signals: dict[str, Any], purpose: str) -> str:
    """Why no byte of such a request may go there and then; nothing if it may."""
    rules = byte.rules
    facts = rules.facts.get(byte.host)
    if facts is None:
        return "no endpoint of this policy is there"
    if byte.proxied is not facts["proxied"]:
        return "not by its proxy" if facts["proxied"] else "by a proxy that it does not name"
    for kind, value in byte.frozen:
        if _frozen(facts, kind, value):
            return f"frozen: {kind} {value}"
    if (kept := _KEPT.search(byte.body)) and kept[0].decode() != kept_by(byte.host):
        return f"names what another keeps: {kept[0].decode()}"
    team = rules.teams.get(signals["team"])
    if team is None:
        return "no such team"
    data_class = max(signals["data_class"], team["data_class"], key=CLASSES.index)
    now = {**signals, "data_class": data_class}
    for guard in rules.guards:
        if _applies(guard.get("when"), now) and _removes(guard, facts) and not _waived(guard, now, byte):
            return str(guard["name"])
    if purpose in ("shadow", "judge") and (
        purpose not in team["allow"] or CLASSES.index(data_class) > CLASSES.index("internal")
    ):
        return f"kept from the {purpose}"
    return ""


def _waived(guard: Mapping[str, Any], signals: Mapping[str, Any], byte: Byte) -> bool:
    """Until the midnight after its last day."""
    for waiver in byte.rules.waivers:
        last = datetime.fromisoformat(waiver["until"]).replace(tzinfo=UTC)
        if (waiver["guard"], waiver["team"]) == (guard["name"], signals["team"]):
            return datetime.fromtimestamp(byte.at, UTC) < last + timedelta(days=1)
    return False


def _frozen(facts: Mapping[str, Any], kind: str, value: str) -> bool:
    if kind == "endpoint":
        return bool(facts["id"] == value)
    if kind == "list":
        return value in facts["lists"]
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
