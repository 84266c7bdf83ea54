"""The whole house: the gateway by the demo's policies, the real local model and the simulated vendors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

from gateway.demo import child, stage
from gateway.demo.vendors.process import Vendors
from tests.running import Running, starter


@dataclass(frozen=True, slots=True)
class House:
    """What runs, and whose keys open it."""

    gateway: Running
    model: child.Child
    vendors: Vendors
    keys: dict[str, str]
    clients: list[openai.OpenAI]

    def client(self, team: str = "demo", *, of: Running | None = None, **options) -> openai.OpenAI:
        """The official SDK, which does not try again by itself."""
        base_url = (of or self.gateway).base_url
        self.clients.append(openai.OpenAI(base_url=base_url, api_key=self.keys[team], max_retries=0, **options))
        return self.clients[-1]

    def ask(self, body: object) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a plain POST by the demo team."""
        return self.gateway.ask(
            "POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {self.keys['demo']}"}
        )

    def decision(self, request_id: str, team: str = "demo"):
        """What the gateway says about one request."""
        return self.gateway.json(f"/v1/decisions/{request_id}", key=self.keys[team])


@contextmanager
def built(
    folder: Path,
    model: child.Child,
    vendors: Vendors,
    *,
    edit: Callable[[str], str] = str,
    workers: int = 1,
) -> Iterator[House]:
    """A house with a state folder and keys of its own. `edit`: makes its policy another one."""
    keys = stage.fresh_keys()
    urls = {"self": model.ready["base_url"], **vendors.base_urls}
    stage.write_folder(folder / "policies", urls=urls, keys=keys)
    policy = folder / "policies" / "policy.yaml"
    policy.write_text(edit(policy.read_text()))
    started: list[Running] = []
    running = starter(folder, started)(folder / "policies", workers=workers)
    house = House(running, model, vendors, keys, [])
    try:
        _warm(house)
        yield house
    finally:
        for client in house.clients:
            client.close()
        for each in started:
            each.stop()


def _warm(house: House) -> None:
    """The first requests may wait for the text models to be read, which no test is about."""
    body = {"model": "smollm2-135m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
    told = [house.ask(body)]
    while told[-1][0] != 200 and len(told) < 5:
        told.append(house.ask(body))
    assert told[-1][0] == 200, told


@pytest.fixture(scope="module")
def shared_house(
    tmp_path_factory: pytest.TempPathFactory, local_model_process: child.Child, vendors_process: Vendors
) -> Iterator[House]:
    with built(tmp_path_factory.mktemp("house"), local_model_process, vendors_process) as house:
        yield house


@pytest.fixture
def house(shared_house: House, vendors: Vendors) -> House:
    """One gateway for a whole module; vendors are as they are at their start."""
    return shared_house


@pytest.fixture
def fresh_house(tmp_path: Path, local_model_process: child.Child, vendors: Vendors) -> Iterator[House]:
    """A gateway of this test's own: its breakers have seen no failure, its counters stand at zero."""
    with built(tmp_path, local_model_process, vendors) as house:
        yield house


@pytest.fixture
def two_workers(tmp_path: Path, local_model_process: child.Child, vendors: Vendors) -> Iterator[House]:
    """Two processes behind one port."""
    with built(tmp_path, local_model_process, vendors, workers=2) as house:
        yield house
