"""A peer's cache of answers: what of it every route is given, and what is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.importing.caching import litellm_cache, portkey_cache
from gateway.importing.draft import Draft, Said
from gateway.importing.findings import Findings
from gateway.importing.shipped import gather
from gateway.source.peer import read_peer


def draft_of(data: Any) -> Draft:
    peer = read_peer(json.dumps(data).encode(), "config.json")
    return Draft(gather([]), Said("2026-11-28"), Findings(peer), "LiteLLM")


def litellm(**settings: Any) -> Draft:
    data = {"litellm_settings": settings}
    draft = draft_of(data)
    litellm_cache(draft, data)
    return draft


CASES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"cache": True, "cache_params": {"type": "redis", "ttl": 5400}}, {"ttl": "90m"}, ["assumed"]),
    ({"cache": True}, {"ttl": "1m"}, ["assumed"]),
    ({"cache": True, "cache_params": {"type": "local"}}, {"ttl": "10m"}, ["assumed"]),
    ({"cache": True, "cache_params": {"ttl": 9e9}}, {"ttl": "30d"}, ["assumed"]),
    ({"cache": True, "cache_params": {"ttl": 0.5}}, {"ttl": "1s"}, ["assumed"]),
    (
        {"cache": True, "cache_params": {"ttl": 7, "supported_call_types": ["acompletion", "atranscription"]}},
        {"ttl": "7s", "when": {"kind": ["chat"]}},
        ["not_carried", "assumed"],
    ),
    ({"cache": True, "cache_params": {"supported_call_types": []}}, {}, ["not_carried"]),
    ({"cache": True, "cache_params": {"mode": "default_off", "ttl": 60}}, {}, ["not_carried"]),
    ({"cache": False, "cache_params": {"ttl": 60}}, {}, []),
    ({"cache": True, "cache_params": "redis"}, {"ttl": "1m"}, ["assumed"]),
    ({}, {}, []),
]


@pytest.mark.parametrize(("settings", "cache", "sections"), CASES)
def test_what_litellm_kept_is_kept_and_what_is_otherwise_is_told(settings, cache, sections):
    draft = litellm(**settings)
    assert draft.cache == cache
    assert [finding.section for finding in draft.findings.told] == sections


def test_answers_to_like_questions_are_told_to_be_no_more():
    draft = litellm(cache=True, cache_params={"type": "qdrant-semantic", "ttl": 60})
    assert draft.cache == {"ttl": "1m"} and "exactly the same question" in draft.findings.told[0].what


PORTKEY = [
    ({"mode": "simple", "max_age": 3600}, {"ttl": "1h"}, False),
    ({"mode": "semantic"}, {"ttl": "7d"}, True),
    ("simple", {"ttl": "7d"}, False),
]


@pytest.mark.parametrize(("written", "cache", "alike"), PORTKEY)
def test_what_portkey_kept_is_kept(written, cache, alike):
    draft = draft_of({"cache": written})
    portkey_cache(draft, written, ("cache",))
    assert draft.cache == cache and ("there: one that is like it" in draft.findings.told[0].what) == alike


def test_the_cache_of_one_target_is_told_and_no_route_is_given_it():
    draft = draft_of({"targets": [{"cache": {"mode": "simple"}}]})
    portkey_cache(draft, {"mode": "simple"}, ("targets", 0, "cache"))
    assert not draft.cache and draft.findings.told[0].section == "not_carried"
