"""Addresses and keys as written, and which of them a conversation goes to."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.facts import KeySource, Replica
from gateway.dispatch.replicas import choose
from tests.unit.catalog.small import KNOWN, PRICE, complaints, endpoint

HOSTED = "hosting: hosted, api: openai"


def test_every_address_goes_with_every_key_and_weights_multiply():
    wire = f"{HOSTED}, replicas: [{{base_url: 'https://a.example/v1/', weight: 2}}, {{base_url: 'https://b.example'}}]"
    made = endpoint("keys: [{env: X_API_KEY, weight: 3}, {file: /run/secrets/y}]", wire=wire)

    x, y = KeySource("X_API_KEY"), KeySource(file="/run/secrets/y")
    assert made.replicas == (
        Replica("https://a.example/v1", x, 6),
        Replica("https://a.example/v1", y, 2),
        Replica("https://b.example", x, 3),
        Replica("https://b.example", y, 1),
    )
    assert made.keys == (x, y)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ("", "`base_url` is missing"),
        (
            "base_url: 'https://a.example', replicas: [{base_url: 'https://b.example'}]",
            "`replicas` stand instead of `base_url`",
        ),
        ("replicas: []", "`replicas` is empty"),
        (
            "replicas: [{base_url: 'http://b.example'}]",
            "plain http reaches only own machines: the prompt would be readable on the way",
        ),
        ("base_url: 'https://a.example', key_env: X_API_KEY, key_file: /k", "`key_file` stands instead of `key_env`"),
        ("base_url: 'https://a.example', keys: [{env: X_API_KEY, file: /k}]", "a key is read from one place"),
        ("base_url: 'https://a.example', keys: [{weight: 2}]", "a key is read from one place"),
        (
            "base_url: 'https://a.example', keys: [{env: HOME}]",
            "`env` cannot be `HOME`: only variables made for keys are read",
        ),
        (
            "base_url: 'https://a.example', key_file: secrets/k",
            "`key_file` cannot be `secrets/k`: a file is named by its whole path",
        ),
        (
            "base_url: 'https://a.example', key_file: /run/../etc/k",
            "`key_file` cannot be `/run/../etc/k`: a file is named by its whole path",
        ),
        (
            "base_url: 'https://a.example', keys: [{env: X_API_KEY, weight: 0}]",
            "`weight` is more than 0, not 0",
        ),
    ],
)
def test_a_way_that_cannot_be_meant_is_told(fields, complaint):
    parts = ", ".join(part for part in ("id: acorn@mill", KNOWN, PRICE, HOSTED, fields) if part)
    assert complaint in complaints(f"endpoints:\n  - {{{parts}}}\n")


def three(*weights: int) -> Any:
    replicas = tuple(Replica(f"https://{place}.example", None, weight) for place, weight in enumerate(weights))
    return SimpleNamespace(id="m@x", replicas=replicas)


@given(st.floats(0, 1, exclude_max=True), st.sampled_from([0, 1, 2]))
def test_a_replica_that_rests_moves_no_conversation_but_its_own(draw, resting):
    endpoint = three(1, 2, 3)
    before = choose(endpoint, [0, 1, 2], draw)
    left = [number for number in (0, 1, 2) if number != resting]

    assert choose(endpoint, left, draw) == before or before == resting


def test_conversations_are_shared_by_weight():
    shares = Counter(choose(three(1, 2, 7), [0, 1, 2], number / 5000) for number in range(5000))

    assert [round(shares[number] / 500) for number in range(3)] == [1, 2, 7]
