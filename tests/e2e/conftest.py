"""The whole house: the gateway by the demo's policies, the real local model and the simulated vendors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

from gateway.demo import child, stage
from gateway.demo.vendors.process import Vendors
from tests.running import Running, Start


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


@pytest.fixture
def house(tmp_path: Path, gateway: Start, local_model_process: child.Child, vendors: Vendors) -> Iterator[House]:
    keys = stage.fresh_keys()
    urls = {"self": local_model_process.ready["base_url"], **vendors.base_urls}
    stage.write_folder(tmp_path / "policies", urls=urls, keys=keys)
    found = House(gateway(tmp_path / "policies"), local_model_process, vendors, keys, [])
    yield found
    for client in found.clients:
        client.close()
