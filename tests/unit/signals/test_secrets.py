"""Credentials of each kind, measured on texts of our own and on a peer's public leak benchmark."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from gateway.policy.authoring.compile import compile_folder
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.processes.policy_folder import read_folder
from gateway.signals import secrets
from gateway.signals.measure import measure_text
from gateway.signals.read import read
from gateway.signals.table import SECRET_KINDS, empty_signals
from gateway.signals.text import Passage, Text
from gateway.signals.value import UNKNOWN

ROOT = Path(__file__).parents[3]
WRITTEN = yaml.safe_load((ROOT / "tests/golden/secrets.yaml").read_text())
# endorouter 0.2.0's leakbench (Apache-2.0, see ATTRIBUTION.md): where each case may go.
CASES = [
    json.loads(line)
    for file in sorted((ROOT / "tests/golden/leakbench").glob("*.jsonl"))
    for line in file.read_text().splitlines()
]
HELD = [row for row in CASES if row["category"].startswith("secret_") or row["category"] == "private_key"]
PUBLIC = [row for row in CASES if row["truth"] == "public"]
by_id: dict[str, Any] = {"ids": lambda row: row["id"]}


@pytest.mark.parametrize("row", WRITTEN["found"], ids=lambda row: row["text"][:40])
def test_a_text_holds_the_kinds_that_were_put_into_it(row):
    found = secrets.kinds(row["text"])

    assert set(row["of"]) <= found
    assert found <= set(SECRET_KINDS)


@pytest.mark.parametrize("text", WRITTEN["clean"], ids=lambda text: text[:40])
def test_what_only_looks_like_a_credential_is_none(text):
    assert secrets.kinds(text) == frozenset()


def test_every_kind_is_found_somewhere():
    assert {kind for row in WRITTEN["found"] for kind in row["of"]} == set(SECRET_KINDS)


def test_what_cannot_be_read_may_hold_one():
    assert secrets.measure(Text((Passage("user", "hello"),), readable=False)) is UNKNOWN


@pytest.mark.parametrize(
    "texts",
    [
        ["First half of the key: AKIAQ3EG", "Got it.", "Second half: RZ7XNHT5WK2B. Which service is it for?"],
        ["It begins ghp_9dKfLw0VbN1sTgHc5J", "and ends m7EfRa2QoXiPzUy4Rt"],
        ["DB_PASSWORD=", "hunter2"],
        ["postgres://app:hun", "terpass@db.internal/prod"],
        ["-----BEGIN PRIVATE", " KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF"],
        ["nb_R7tY3wB6zq", "4f9KxP2mQ8vL1n"],
    ],
)
def test_one_that_is_cut_over_messages_is_found(texts):
    assert secrets.measure(Text(tuple(Passage("user", text) for text in texts)))


LONG = "They walked along the river until it was dark. " * 20


@pytest.mark.parametrize("between", [[], ["ls"], ["yes", "go on"]])
@pytest.mark.parametrize("after", [[], [LONG], [LONG, LONG]])
def test_one_that_is_cut_between_long_messages_is_found(between, after):
    key = "AKIA" + "2E0A8F3B7C9D1K5M"
    texts = [LONG, LONG + key[:11], key[11:] + " " + LONG, *between, *after]

    assert secrets.measure(Text(tuple(Passage("user", text) for text in texts))) == frozenset({"api_key"})


def test_what_was_cut_earlier_is_looked_for_once(monkeypatch):
    looked_at: list[str] = []
    find = secrets.find

    def noted(text, known=()):
        looked_at.append(text)
        return find(text, known)

    monkeypatch.setattr(secrets, "find", noted)
    turns = [f"{turn}. {LONG} {turn}" for turn in range(20)]
    for count in (19, 20):
        looked_at.clear()
        secrets.measure(Text(tuple(Passage("user", text) for text in turns[:count])))

    assert sum(map(len, looked_at)) < 4 * len(LONG)


def measured(row):
    """The signals that the shipped policy reads in the messages of a case."""
    body = msgspec.json.encode({"messages": row["messages"], "tools": row.get("tools", [])})
    text = read("chat", msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    return measure_text(text, ["secrets", "pii", "topic", "language"])


@pytest.fixture(scope="module")
def shipped():
    return compile_folder(read_folder(ROOT / "policies"))


@pytest.mark.parametrize("row", HELD, **by_id)
@pytest.mark.thorough
def test_no_secret_of_the_leak_benchmark_may_leave_under_the_shipped_policy(row, shipped):
    signals = measured(row)
    if row["id"] == "split-card":  # a card's number: personal data, of which the policy says where it may go
        assert signals["pii"] == {"card"}
        return
    permitted = decide(shipped.policy, {**empty_signals(), "team": "research", **signals}, View(at=1.8e9)).permitted

    assert signals["secrets"]
    assert [e.id for e in shipped.policy.endpoints if permitted >> e.index & 1 and e.hosting != "self"] == []


@pytest.mark.thorough
@pytest.mark.parametrize("row", PUBLIC, **by_id)
def test_no_public_case_of_the_leak_benchmark_is_held_back(row, shipped):
    signals = measured(row)
    permitted = decide(shipped.policy, {**empty_signals(), "team": "research", **signals}, View(at=1.8e9)).permitted

    assert signals["secrets"] == frozenset()
    assert any(permitted >> e.index & 1 and e.hosting != "self" for e in shipped.policy.endpoints)
