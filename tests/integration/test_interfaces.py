"""Claims about an interface and a signal that are added: one file and one line each, from policy to ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.rerouted import YES
from tests.integration.upstreams import KEY, SSE, Upstreams, answer, decision, event, folder, saying, serving, whole
from tests.running import Running, starter

pytestmark = pytest.mark.services
# The one line that `gateway/interfaces/__init__.py` would have, and the one of `gateway/signals/table.py`.
WITH_HAIKUS = """
import runpy
from gateway.interfaces import INTERFACES
from tests.integration.haiku import HAIKU
INTERFACES[HAIKU.kind] = HAIKU
from gateway.signals.table import SIGNALS
from tests.integration.shouting import SHOUTING
SIGNALS[SHOUTING.name] = SHOUTING
runpy.run_module("gateway", run_name="__main__", alter_sys=True)
"""
POEM = {"object": "text_completion", "choices": [{"index": 0, "text": YES, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}}  # fmt: skip


@pytest.fixture(scope="module")
def vendors() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture
def upstreams(vendors: Upstreams) -> Upstreams:
    """As at their start."""
    vendors.acts.clear()
    vendors.asked.clear()
    return vendors


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vendors: Upstreams) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("poems")
    policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
    catalog = policies / "catalog" / "all.yaml"
    catalog.write_text(catalog.read_text().replace("[chat]", "[haiku]", 1))
    policy = policies / "policy.yaml"
    policy.write_text(
        policy.read_text().replace(
            "guards: []",
            "guards:\n"
            "  - {name: b-is-no-poet, why: it never rhymes, when: {kind: haiku}, never: {operator: b}}\n"
            "  - {name: no-shouting, why: a is shy, when: {shouting: true}, never: {operator: a}}\n"
            '  - {name: client-files, why: c talks, when: {source: ["clients/**"]}, never: {operator: c}}\n'
            "  - {name: no-secrets, why: c tells, when: {secrets: [api_key, password]}, never: {operator: c}}",
        )
    )
    started: list[Running] = []
    yield starter(root, started)(policies, program=("-c", WITH_HAIKUS))
    for each in started:
        each.stop()


def ask(gateway: Running, path: str = "/v1/haikus", **body: Any) -> tuple[int, dict[str, str], bytes]:
    asked = {"model": "auto", "prompt": "Write about ships.", **body}
    return gateway.ask("POST", path, asked, headers={"authorization": f"Bearer {KEY}"})


def chat(gateway: Running, text: str, **said: str) -> tuple[int, dict[str, str], bytes]:
    asked = {"model": "w", "messages": [{"role": "user", "content": text}]}
    return gateway.ask("POST", "/v1/chat/completions", asked, headers={"authorization": f"Bearer {KEY}", **said})


def test_it_is_routed_served_metered_and_recorded_like_every_other(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, POEM))
    status, headers, body = ask(running, most_syllables=17)
    recorded = decision(running, headers)

    assert (status, json.loads(body)) == (200, POEM)
    assert upstreams.asked[0][1].startswith(b"POST /a/haikus HTTP/1.1\r\n")
    assert (headers["x-gateway-endpoint"], headers["x-gateway-outcome"]) == ("m@a", "answered")
    assert headers["x-gateway-cost-usd"] == "0.00005"
    assert recorded["signals"]["kind"] == "haiku"
    assert "b-is-no-poet" in json.dumps(recorded)


def test_only_what_serves_it_is_asked_and_its_errors_look_as_its_dialect_says(running, upstreams):
    upstreams.acts["a"] = saying(whole(500, {}))
    failed, _, said = ask(running)
    limited, _, why = ask(running, most_syllables=-1)

    assert {name for name, _, _ in upstreams.asked} == {"a"}  # b is kept out by a guard, c serves chat alone
    assert (failed, json.loads(said)) == (502, {"alas": "upstreams_exhausted"})
    assert (limited, json.loads(why)) == (400, {"alas": "invalid_request"})


def test_a_stream_that_breaks_ends_with_its_own_error_event(running, upstreams):
    upstreams.acts["a"] = saying(SSE, *[event({"choices": [{"index": 0, "text": YES}]})] * 3)
    status, _, body = ask(running, stream=True)

    assert status == 200
    assert body.endswith(b"event: alas\ndata: " + json.dumps({"alas": "upstreams_exhausted"}).encode() + b"\n\n")


def test_the_others_are_served_as_before(running, upstreams):
    upstreams.acts["c"] = answer()
    chat = {"model": "w", "messages": [{"role": "user", "content": "Write about ships."}]}
    status, headers, _ = running.ask("POST", "/v1/chat/completions", chat, headers={"authorization": f"Bearer {KEY}"})

    assert (status, headers["x-gateway-endpoint"]) == (200, "w@c")


def test_a_signal_is_measured_guards_by_and_is_recorded_like_every_other(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, POEM))
    quiet = decision(running, ask(running)[1])
    status, _, said = ask(running, prompt="WRITE ABOUT SHIPS!")

    assert quiet["signals"]["shouting"] is False
    assert (status, json.loads(said)) == (403, {"alas": "no_permitted_endpoint"})


@pytest.mark.parametrize("size", [1, 200_000])
@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("docs/a.md", True),
        ("clients/acme/brief.md", False),
        ("docs/../clients/acme", False),
        ("docs/%2e%2e/clients/x", False),
        ("../docs/a.md", False),
    ],
)
def test_a_guard_holds_for_where_a_client_says_its_text_comes_from(running, upstreams, source, served, size):
    upstreams.acts["c"] = answer()
    status, headers, _ = chat(running, "Write about ships. " * (size // 19 + 1), **{"x-gateway-source": source})
    recorded = decision(running, headers)["signals"]["source"] if served else None

    assert status == (200 if served else 403)
    assert recorded == ([source] if served else None)
    assert len(upstreams.asked) == served


def test_a_secret_is_guarded_by_and_recorded_as_a_kind_alone(running, upstreams):
    upstreams.acts["c"] = answer()
    held, _, told = chat(running, "Write about AKIAQ3EGRZ7XNHT5WK2B and DB_PASSWORD=hunter2.")
    served, headers, _ = chat(running, "Write about -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF")
    recorded = decision(running, headers)

    assert (held, json.loads(told)["error"]["code"]) == (403, "no_permitted_endpoint")
    assert (served, recorded["signals"]["secrets"]) == (200, ["private_key"])
    assert "MIIEvQIBADANBg" not in json.dumps(recorded) + running.log.read_text()
    assert len(upstreams.asked) == 1
