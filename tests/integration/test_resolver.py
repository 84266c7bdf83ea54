"""Claims about names: one that nobody answers for stops no other endpoint, and what was once known is used on."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.catalog.facts import Pin
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1 import Client, resolver
from gateway.upstreams.http1.resolver import MOST_LOOKUPS, Resolver
from tests.integration.scripted import OK, Vendor, ask, running, target
from tests.integration.upstreams import ask as ask_gateway
from tests.integration.upstreams import chat, folder, serving

# A world in which one name is never answered for, and others are this machine.
WORLD = """
import runpy, socket, threading
real = socket.getaddrinfo
def getaddrinfo(host, *rest, **named):
    if host == "silent.example":
        threading.Event().wait()
    return real("127.0.0.1" if str(host).endswith(".example") else host, *rest, **named)
socket.getaddrinfo = getaddrinfo
runpy.run_module("gateway", run_name="__main__", alter_sys=True)
"""


@pytest.mark.services
def test_a_name_that_nobody_answers_for_stops_no_other_endpoint(tmp_path, gateway):
    """Eight requests for it once filled the four threads that every name was resolved in."""
    with serving() as upstreams:
        urls = {"a": upstreams.url("a", "silent.example"), "b": upstreams.url("b", "other.example")}
        policies = folder(tmp_path / "names", urls, limits="first_byte_s: 60, total_s: 120")
        policies.joinpath("policy.yaml").write_text(
            policies.joinpath("policy.yaml").read_text().replace("[m@a, m@b, w@c]", "[m@b]")
        )
        started = gateway(policies, program=("-c", WORLD))
        with ThreadPoolExecutor(12) as pool:
            silent = [pool.submit(ask_gateway, started, chat("m@a")) for _ in range(12)]
            time.sleep(0.5)
            told = [ask_gateway(started, chat("m@b"))[0] for _ in range(5)]
            still_silent = [not each.done() for each in silent]
        ends = {each.result()[0] for each in silent}

    assert told == [200] * 5
    assert all(still_silent)
    assert ends <= {502, 503}


class Names:
    """Answers for names as a test says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: list[str] | OSError = ["127.0.0.1"]
        self.silent = threading.Event()
        self.silent.set()

    def getaddrinfo(self, host: str, *rest: Any, **named: Any) -> list[Any]:
        self.asked.append(host)
        answer = self.answer
        self.silent.wait(60)
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in answer]


@pytest.fixture
def names(monkeypatch):
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    yield found
    found.silent.set()


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


async def test_a_name_is_asked_about_once_while_its_answer_is_fresh(names):
    found = Resolver()
    told = await asyncio.gather(*(found.addresses("a.example", by=soon()) for _ in range(20)))

    assert set(told) == {("127.0.0.1",)}
    assert names.asked == ["a.example"]


async def test_an_address_needs_no_lookup(names):
    for address in ("127.0.0.1", "::1"):
        assert await Resolver().addresses(address, by=soon()) == (address,)

    assert names.asked == []


async def test_an_old_answer_is_used_while_the_name_is_silent(names, monkeypatch):
    monkeypatch.setattr(resolver, "FRESH_S", 0.0)
    monkeypatch.setattr(resolver, "AGEING_S", 0.0)
    monkeypatch.setattr(resolver, "PATIENCE_S", 0.01)
    found = Resolver()
    await found.addresses("a.example", by=soon())
    names.silent.clear()

    for _ in range(3):
        assert await found.addresses("a.example", by=soon()) == ("127.0.0.1",)
    assert len(names.asked) == 2


async def test_an_old_answer_is_used_when_the_name_is_gone(names, monkeypatch):
    monkeypatch.setattr(resolver, "FRESH_S", 0.0)
    monkeypatch.setattr(resolver, "AGEING_S", 0.0)
    found = Resolver()
    await found.addresses("a.example", by=soon())
    names.answer = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert await found.addresses("a.example", by=soon()) == ("127.0.0.1",)


async def test_a_lookup_that_hangs_is_given_up_for_another(names, monkeypatch):
    monkeypatch.setattr(resolver, "HUNG_S", 0.0)
    names.silent.clear()
    found = Resolver()
    for _ in range(MOST_LOOKUPS + 3):
        with pytest.raises(UpstreamFault, match="not resolved in time"):
            await found.addresses("a.example", by=asyncio.get_running_loop().time() + 0.01)
    assert len(names.asked) == MOST_LOOKUPS

    names.silent.set()

    assert await found.addresses("a.example", by=soon()) == ("127.0.0.1",)


async def test_a_name_that_does_not_resolve_is_a_fault_of_the_connection(names):
    names.answer = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(UpstreamFault, match="does not resolve: Name or service not known") as told:
        await Resolver().addresses("a.example", by=soon())
    assert told.value.kind == "connect"


async def test_an_address_that_takes_no_connection_is_passed_over_and_goes_last_from_then_on(names):
    names.answer = ["127.0.0.77", "127.0.0.1"]  # nobody listens at the first
    client, vendor = Client(), Vendor()
    vendor.scripts = [vendor.answering(OK)]
    async with running(vendor):
        reply = await ask(client, target(vendor.port, host="a.example"))
        assert await reply.read(100) == b"hello"
    client.close()
    names.silent.clear()  # it is asked about again, and says nothing

    assert await client._resolver.addresses("a.example", by=soon()) == ("127.0.0.1", "127.0.0.77")


async def test_a_pin_is_held_against_the_address_that_was_connected_to(names):
    vendor = Vendor()
    vendor.scripts = [vendor.answering(OK)]
    client = Client()
    async with running(vendor):
        with pytest.raises(UpstreamFault, match=r"127\.0\.0\.1 is not in 10"):
            await ask(client, target(vendor.port, host="a.example", pin=Pin(cidr="10.0.0.0/8")))
        client.close()
    assert vendor.requests == []
