"""Whatever another gateway is told to do: no traceback, no secret anywhere, and a folder that passes its check."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.errors import Problems
from gateway.importing.draft import Said
from gateway.importing.run import PeerName, run
from gateway.importing.shipped import Shipped, gather
from gateway.source import parse

CATALOG = Path(__file__).parents[2] / "policies" / "catalog"
SECRET = "sk-hush4711hush4711"
SAID = Said(
    "2026-11-27",
    virtual_keys={"slug": "openai"},
    variable=lambda name: f"https://{SECRET}@x.example" if name == "HIDDEN_BASE" else None,
)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.sampled_from(
    ["a", "b", "gpt-6-luna", "openai/*", "*", "x y", "é", "on", "1e3", "os.environ/NAME", "a/b", ""]
)
models = st.sampled_from(
    [
        "openai/gpt-6-luna",
        "gpt-4o-mini",
        "ollama/gemma4:31b",
        "azure/chat",
        "bedrock/eu.anthropic.claude-sonnet-5-5",
        "zhipu/x",
        "vertex_ai/gemini-2.5-flash",
        "openai/*",
        "*",
        "openrouter/z-ai/glm-5.3:free",
        "hosted_vllm/x",
        "no-such",
        "openai/",
    ]
)
bases = st.sampled_from(
    [
        None,
        "https://api.openai.com/v1",
        "http://vllm:8000/v1",
        "https://relay.example/v1",
        f"https://u:{SECRET}@h.example/v1",
        "//",
        f"https://h.example/v1?key={SECRET}",
        f"https://h.example/{SECRET}/v1",
        "os.environ/HIDDEN_BASE",
        "https://r.openai.azure.com",
    ]
)
keys = st.sampled_from(
    [
        SECRET,
        f"os.environ/{SECRET}",
        "os.environ/OPENAI_API_KEY",
        "${OPENAI_API_KEY}",
        f"${{{SECRET}}}",
        None,
        "none",
        7,
    ]
)
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What belongs there, now and then anything."""
    return st.integers(0, 19).flatmap(lambda drawn: anything if drawn == 0 else usual)


numbers = st.none() | st.integers(-2, 700) | st.sampled_from(["10", "x", 1e300, 0.5])
tags = st.lists(st.sampled_from(["free", "default"]), max_size=2)
params = st.fixed_dictionaries(
    {"model": mostly(models)},
    optional={
        "api_base": bases,
        "api_key": keys,
        "timeout": numbers,
        "weight": numbers,
        "order": numbers,
        "rpm": numbers,
        "tags": mostly(tags),
        "extra_body": mostly(st.just({"provider": {"only": ["together"], "data_collection": "deny"}})),
        "extra_headers": st.just({"authorization": SECRET}),
        "aws_secret_access_key": st.just(SECRET),
        "input_cost_per_token": numbers,
        "output_cost_per_token": numbers,
    },
)
kind = st.sampled_from(["chat", "embedding", "image_generation"])
info = st.fixed_dictionaries(
    {},
    optional={
        "base_model": mostly(models),
        "max_input_tokens": numbers,
        "mode": mostly(kind),
        "id": names,
    },
)
entry = st.fixed_dictionaries(
    {"model_name": mostly(names), "litellm_params": mostly(params)}, optional={"model_info": mostly(info)}
)
fallbacks = mostly(st.lists(st.dictionaries(names, st.lists(names, max_size=2), max_size=1), max_size=3))
aliases = st.dictionaries(names, names | st.just({"model": "a", "hidden": True}), max_size=2)
strategies = st.sampled_from(["simple-shuffle", "latency-based-routing", "other"])
router = st.fixed_dictionaries(
    {},
    optional={
        "routing_strategy": mostly(strategies),
        "fallbacks": mostly(fallbacks),
        "content_policy_fallbacks": mostly(fallbacks),
        "model_group_alias": mostly(aliases),
        "num_retries": numbers,
        "timeout": numbers,
        "enable_tag_filtering": st.booleans(),
        "redis_password": st.just(SECRET),
    },
)
limits = st.sampled_from(["max_budget", "budget_duration", "request_timeout", "cache"])
general = st.fixed_dictionaries({"master_key": keys, "database_url": st.just(f"postgresql://u:{SECRET}@h/d")})
entities = {"CREDIT_CARD": "BLOCK", "PERSON": "MASK"}
presidio = {"guardrail": "presidio", "default_on": True, "pii_entities_config": entities}
litellm = st.fixed_dictionaries(
    {"model_list": mostly(st.lists(entry, min_size=1, max_size=4))},
    optional={
        "router_settings": mostly(router),
        "litellm_settings": mostly(st.dictionaries(limits, numbers)),
        "general_settings": mostly(general),
        "guardrails": mostly(st.just([{"guardrail_name": "g", "litellm_params": presidio}])),
        "credential_list": mostly(st.just([{"credential_name": "c", "credential_values": {"api_key": SECRET}}])),
        "environment_variables": st.just({"OPENAI_API_KEY": SECRET}),
        "include": mostly(st.none()),
    },
)
preferences = st.fixed_dictionaries(
    {},
    optional={
        "order": mostly(st.lists(st.sampled_from(["z-ai", "baseten/fp8", "nobody"]), max_size=2)),
        "only": mostly(st.lists(st.sampled_from(["fireworks", "together"]), max_size=2)),
        "ignore": mostly(st.lists(st.sampled_from(["z-ai", "deepseek"]), max_size=2)),
        "zdr": mostly(st.booleans()),
        "data_collection": mostly(st.sampled_from(["deny", "allow"])),
        "max_price": mostly(st.just({"prompt": 1, "completion": 2})),
        "sort": mostly(st.sampled_from(["price", "throughput"])),
    },
)
preset = st.fixed_dictionaries(
    {},
    optional={
        "model": mostly(st.sampled_from(["z-ai/glm-5.3", "no/such:free", "openai/gpt-6-luna"])),
        "models": anything,
        "provider": mostly(preferences),
    },
)
presets = preset | st.dictionaries(names, preset, min_size=1, max_size=2) | st.lists(preset, min_size=1, max_size=2)
openrouter = mostly(presets)
target = st.fixed_dictionaries(
    {
        "provider": mostly(st.sampled_from(["openai", "moonshot", "azure-openai", "nobody", "@slug"])),
        "override_params": mostly(st.just({"model": "gpt-6-luna", "user": SECRET})),
    },
    optional={
        "api_key": keys,
        "virtual_key": mostly(st.just("slug")),
        "custom_host": bases,
        "weight": numbers,
        "request_timeout": numbers,
        "resource_name": mostly(st.just("contoso")),
    },
)
mode = st.fixed_dictionaries(
    {},
    optional={
        "mode": mostly(st.sampled_from(["fallback", "loadbalance", "conditional"])),
        "on_status_codes": mostly(st.just([429, 500])),
        "conditions": mostly(st.none()),
    },
)
portkey = (
    st.fixed_dictionaries(
        {"strategy": mostly(mode), "targets": mostly(st.lists(target, max_size=3))},
        optional={"retry": anything, "override_params": mostly(st.just({"max_tokens": 7}))},
    )
    | target
)


@cache
def catalogue() -> Shipped:
    return gather([parse(path.read_bytes(), path.name) for path in sorted(CATALOG.glob("*.yaml"))])


def held(peer: PeerName, configuration: object) -> None:
    try:
        made = run(
            peer,
            json.dumps(configuration, ensure_ascii=False).encode("utf-8", "replace"),
            "config.json",
            catalogue(),
            SAID,
        )
    except Problems as wrong:
        assert SECRET not in str(wrong)
        assert wrong.problems
        return
    text = made.report + "".join(data.decode() for data in made.files.values())
    assert SECRET not in text
    assert [problem.message for problem in made.problems] == []


NOTHING_LEFT = {
    "model": "openrouter/z-ai/glm-5.3:free",
    "api_base": "https://api.openai.com/v1",
    "extra_body": {"provider": {"only": ["together"], "data_collection": "deny"}},
}


@few
@given(litellm)
@example({"model_list": [{"model_name": "b", "litellm_params": NOTHING_LEFT}]})
@example({"model_list": [{"model_name": "a", "litellm_params": None}], "credential_list": 1})
@example(
    {
        "model_list": [
            {"model_name": "a", "litellm_params": None},
            {"model_name": "b", "litellm_params": {"model": "openai/gpt-6-luna"}},
        ],
        "router_settings": {"model_group_alias": {"a": "b"}},
    }
)
@example({"model_list": [{"model_name": "a", "litellm_params": {"model": "openai/x", "tags": 1}}], "include": 7})
def test_any_configuration_of_litellm(configuration: object) -> None:
    held("litellm", configuration)


@few
@given(openrouter)
@example([{"model": "z-ai/glm-5.3"}, {"model": "z-ai/glm-5.3", "provider": {"only": []}}])  # the second took the name
def test_any_presets_of_openrouter(configuration: object) -> None:
    held("openrouter", configuration)


@few
@given(portkey)
def test_any_configuration_of_portkey(configuration: object) -> None:
    held("portkey", configuration)


@pytest.mark.parametrize("peer", ["litellm", "openrouter", "portkey"])
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=60) | st.text(alphabet="{}[]:,-&*!<\t\n ab'\"|>%@`", max_size=60).map(str.encode))
def test_any_bytes(peer: PeerName, data: bytes) -> None:
    try:
        run(peer, data, "config.yaml", catalogue(), SAID)
    except Problems as wrong:
        assert wrong.problems
