"""What tests may stand on: simulated vendors, the real local model, and the gateway as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest
from hypothesis import settings

from gateway.demo import child, local_model
from gateway.demo.vendors import process
from tests.running import Running, Start, starter

settings.register_profile("untimed", deadline=None)  # a busy machine is no counterexample
settings.load_profile("untimed")


def pytest_sessionfinish() -> None:
    """What was reached is kept now: a worker that takes ten seconds to end is killed, and its data is lost."""
    measured = coverage.Coverage.current()
    if measured is not None:
        measured.stop()
        measured.save()


@pytest.fixture(scope="module")
def vendors_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Vendors]:
    """One process that plays all simulated vendors at once, without pauses."""
    running = process.start(log=tmp_path_factory.mktemp("vendors") / "vendors.log", pace=0)
    yield running
    running.child.stop()


@pytest.fixture
def vendors(vendors_process: process.Vendors) -> Iterator[process.Vendors]:
    """The simulated vendors as they are at their start: nothing asked, nothing scripted, every port open."""
    vendors_process.reset()
    yield vendors_process


@pytest.fixture(scope="session")
def local_model_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[child.Child]:
    """A real llama.cpp server; `ready` holds its `base_url` and the address of its `metrics`."""
    running = local_model.start(log=tmp_path_factory.mktemp("local-model") / "local-model.log", embeddings=True)
    yield running
    running.stop()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Start]:
    """`gateway(policies)` starts the real gateway on a free port, with a state folder of its own, until it is ready."""
    started: list[Running] = []
    yield starter(tmp_path, started)
    for each in started:
        each.stop()
