"""A folder with every way of pricing there is, and ledgers of any content, in the shape that other makers write."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from gateway.policy.authoring.compile import compile_folder
from tests.laws.independent import Book

_HOSTED = {"hosting": "hosted", "storage": ["US"], "inference": ["US"], "api": "openai", "key_env": None}
CATALOGUE: dict[str, Any] = {
    "labs": [
        {"id": "openai", "name": "OpenAI", "country": "US"},
        {"id": "deepseek", "name": "DeepSeek", "country": "CN"},
        {"id": "zai", "name": "Z.ai", "country": "CN"},
        {"id": "quiet", "name": "Nobody knows", "country": None},
    ],
    "models": [
        {"id": "gpt", "lab": "openai", "base": [], "licence": "proprietary", "context_tokens": 1000000},
        {"id": "ds", "lab": "deepseek", "base": [], "licence": "MIT", "context_tokens": 1000000},
        {"id": "glm", "lab": "zai", "base": [], "licence": "MIT", "context_tokens": 1000000},
        {"id": "odd", "lab": "quiet", "base": None, "context_tokens": 1000000},
    ],
    "operators": [
        {"id": "openai", "name": "OpenAI", "country": "US", "parent_country": "US"},
        {"id": "deepseek", "name": "DeepSeek", "country": "CN", "parent_country": "CN"},
        {"id": "zai", "name": "Z.ai", "country": "CN", "parent_country": "CN"},
        {"id": "self", "name": "us", "country": "DE", "parent_country": "DE"},
    ],
    "windows": [
        {"id": "peak", "hours_utc": ["01:00-04:00", "06:00-10:00"], "weekdays": [1, 2, 3, 4, 5], "utc_offset_hours": 8,
         "decided_by": "completion"},
    ],
    "endpoints": [
        # A list price that changes, with a contract that holds for two days of the ledger.
        _HOSTED | {"id": "gpt@openai", "base_url": "https://openai.example/v1", "prices": [
            {"since": "2026-01-01", "input": 2, "cached_input": 0.2, "output": 8},
            {"since": "2026-11-20T12:00:00Z", "input": 1.75, "cached_input": 0.175, "cache_write": 2.2, "output": 14},
            {"since": "2026-11-18", "until": "2026-11-19T18:30:00Z", "contract": True, "input": 1.5, "output": 6},
        ]},
        # Dearer at certain hours; reasoning has a price of its own.
        _HOSTED | {"id": "ds@deepseek", "base_url": "https://deepseek.example/v1", "prices": [
            {"since": "2026-09-01", "input": 0.66, "cached_input": 0.022, "output": 1.98, "reasoning": 1.5,
             "windows": [{"window": "peak", "input": 1.32, "cached_input": 0.044, "output": 3.96, "reasoning": 3}]},
        ]},
        # Dearer for long requests, billed in yuan.
        _HOSTED | {"id": "glm@zai", "base_url": "https://zai.example/v1", "bills_in": "CNY", "prices": [
            {"since": "2026-09-01", "input": 0.1123456, "output": 0.4, "currency": "CNY", "rate_date": "2026-09-01",
             "tiers": [{"above": 32000, "input": 0.2}, {"above": 128000, "input": 0.3, "output": 1.1}]},
        ]},
        # A transfer price.
        _HOSTED | {"id": "odd@self", "hosting": "self", "base_url": "http://vllm:8000/v1", "usd_per_hour": 4,
                   "prices": [{"since": "2026-09-01", "input": 0.2, "output": 0.6}]},
    ],
}  # fmt: skip
POLICY: dict[str, Any] = {
    "version": 1,
    "baseline": "gpt@openai",
    "aliases": {"auto": "any"},
    "guards": [
        {"name": "public-only", "when": {"data_class": {"at_least": "internal"}}, "only": {"hosting": "self"}},
        {"name": "no-openai", "when": {"topic": "prc_political"}, "never": {"operator": "openai"}},
    ],
    "defaults": {"order": "price", "on_refusal": {"reroute": ["declined"], "except": {"topic": ["malicious"]}}},
    "routes": [
        {"name": "code", "when": {"topic": "code"}, "try": [{"any": {}}], "baseline": "ds@deepseek"},
        {"name": "long", "when": {"tokens": {"above": 30000}}, "try": [{"any": {}}], "baseline": "glm@zai",
         "on_refusal": {"reroute": ["declined"], "except": {"topic": ["self_harm", "medical"]}}},
        {"name": "rest", "try": [{"any": {}}]},
    ],
}  # fmt: skip
CALLERS = {"teams": {"research": {"residency": "any", "data_class": "public"}}}
FOLDER = compile_folder(
    {
        name: json.dumps(part).encode()
        for name, part in (("policy.yaml", POLICY), ("callers.yaml", CALLERS), ("catalog/all.yaml", CATALOGUE))
    }
)
BOOK = Book(POLICY, CATALOGUE)

OUTCOMES = ["answered", "declined", "evaded", "filtered", "blank", "truncated", "failed", "left", "denied"]
ENDPOINTS = ["gpt@openai", "ds@deepseek", "glm@zai", "odd@self", "gone@nowhere/eu"]
PURPOSES = ["serve", "serve", "canary", "shadow", "judge", "probe"]


@st.composite
def usages(draw: st.DrawFn) -> dict[str, Any]:
    """Parts never exceed the whole; parts that are 0 may be missing."""
    read = draw(st.sampled_from([0, 1, 900, 31999, 32000, 32001, 128001]) | st.integers(0, 10**6))
    said = draw(st.integers(0, 50000))
    cached = draw(st.just(0) | st.integers(0, read))
    written = draw(st.just(0) | st.integers(0, read - cached))
    thought = draw(st.just(0) | st.integers(0, said))
    parts = {"cached_tokens": cached, "cache_write_tokens": written, "reasoning_tokens": thought}
    told = {name: tokens for name, tokens in parts.items() if tokens or draw(st.booleans())}
    return {"input_tokens": read, "output_tokens": said} | told | draw(st.sampled_from([{}, {"estimated": True}]))


@st.composite
def attempts(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {"endpoint": draw(st.sampled_from(ENDPOINTS)), "outcome": draw(st.sampled_from(OUTCOMES))}
    made["cost_usd"] = str(draw(st.decimals(0, 5, places=9)))
    optional = {
        "purpose": st.sampled_from(PURPOSES),
        "usage": usages(),
        "first_byte_s": st.just(0.25),
        "total_s": st.sampled_from([0.5, 90.0, 3600.0]),
    }
    return made | draw(st.fixed_dictionaries({}, optional=optional))


SIGNALS = st.fixed_dictionaries(
    {"kind": st.just("chat"), "model": st.just("auto"), "needs": st.just([])},
    optional={
        "data_class": st.sampled_from(["public", "internal"]),
        "tokens": st.integers(0, 10**5),
        "topic": st.lists(
            st.sampled_from(["prc_political", "malicious", "self_harm", "medical", "code"]), unique=True, max_size=2
        ),
        "language": st.sampled_from(["en", "zh"]),
        "pii": st.just([]),
        "effort": st.sampled_from(["default", "high"]),
    },
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    at = datetime.fromtimestamp(draw(st.integers(1_794_700_800, 1_795_305_600)), UTC)  # a week of November 2026
    row: dict[str, Any] = {"request_id": str(draw(st.integers())), "at": at.isoformat().replace("+00:00", "Z")}
    row |= {"team": draw(st.sampled_from(["research", "gone"])), "outcome": draw(st.sampled_from(OUTCOMES))}
    row["route"] = draw(st.sampled_from(["code", "long", "rest"]))
    forbidden = st.lists(st.sampled_from(["public-only", "no-openai"]), min_size=1, max_size=2, unique=True)
    optional = {
        "app": st.just("bot"),
        "policy_version": st.just("another"),
        "signals": SIGNALS,
        "removed": st.dictionaries(st.sampled_from(ENDPOINTS), forbidden, max_size=3),
        "attempts": st.lists(attempts(), max_size=4),
    }
    return row | draw(st.fixed_dictionaries({}, optional=optional))


ledgers = st.lists(requests(), max_size=12)
