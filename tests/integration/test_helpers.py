"""Claims about the bounds of processes that work for pages."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from gateway.control import helper
from gateway.control.helper import Helpers
from gateway.control.job import CheckJob, Place
from gateway.errors import GatewayError
from gateway.processes import accepted_policy as accepted
from tests.unit.policy.small import CATALOG

pytestmark = pytest.mark.services
FILES = {"policy.yaml": b"version: 1\naliases: {auto: any}\nroutes: [{name: rest, try: [{any: {}}]}]\n"} | {
    "callers.yaml": b"teams: {t: {}}\n",
    "catalog/all.yaml": CATALOG,
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    accepted.keep(tmp_path, "1", FILES)
    return Place(tmp_path, None)


async def test_one_that_hangs_is_given_up_and_another_takes_its_place(place, monkeypatch):
    helpers = Helpers(place, count=1)
    await helpers.do(CheckJob(FILES))
    (hanging,) = helpers._idle
    os.kill(hanging._process.pid, signal.SIGSTOP)
    monkeypatch.setattr(helper, "PATIENCE_S", 0.5)

    with pytest.raises(GatewayError, match="longer than"):
        await helpers.do(CheckJob(FILES))
    await hanging._process.wait()
    monkeypatch.setattr(helper, "PATIENCE_S", 60)

    assert b"problems" in (await helpers.do(CheckJob(FILES))).body
    await end(helpers)


async def test_one_that_was_killed_costs_its_job_alone(place):
    helpers = Helpers(place, count=1)
    await helpers.do(CheckJob(FILES))
    helpers._idle[0].end()

    with contextlib.suppress(GatewayError):  # if its end is not known yet
        await helpers.do(CheckJob(FILES))

    assert b"problems" in (await helpers.do(CheckJob(FILES))).body
    await end(helpers)


async def test_a_folder_that_takes_too_much_memory_is_denied_and_the_gateway_lives(place):
    helpers = Helpers(place, count=1)
    nested = b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    for name, before in zip("bcdefghijk", "abcdefghij", strict=True):
        nested += f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n".encode()
    files = {**FILES, "policy.yaml": FILES["policy.yaml"] + nested}

    try:
        body = (await helpers.do(CheckJob(files))).body
    except GatewayError as denied:
        body = denied.code.encode()

    assert b"overloaded" in body or b"problems" in body
    assert b"problems" in (await helpers.do(CheckJob(FILES))).body
    await end(helpers)


async def test_more_than_may_wait_are_told_to_come_back(place, monkeypatch):
    monkeypatch.setattr(helper, "WAITING", 2)
    helpers = Helpers(place, count=1)

    told = await asyncio.gather(*(helpers.do(CheckJob(FILES)) for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(each, GatewayError) for each in told) == 3
    await end(helpers)


async def end(helpers: Helpers) -> None:
    running = asyncio.ensure_future(helpers.forever())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert helpers._idle
    for each in helpers._idle:
        await each._process.wait()
