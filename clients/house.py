"""A gateway before the scripted vendor, a model for each of its wires: `on-chat`, `on-responses`, `on-messages`."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clients import vendor

KEY: Final = "gw-key-of-the-clients"
WIRES: Final = {"on-chat": "openai", "on-responses": "openai_responses", "on-messages": "anthropic"}
FAULTS: Final = (*map(str, vendor.WRONG), "broken")  # `on-chat-429`: an endpoint that always says it
PATIENCE_S: Final = 60
_POLICY: Final = """version: 1
aliases: {auto: any}
defaults: {limits: {first_byte_s: 30, total_s: 120, attempts: 1}}
routes:
  - {name: named, when: {model_known: true}, try: [requested]}
  - {name: rest, try: [{any: {}}]}
"""
_CATALOG: Final = """labs: [{id: lab, name: Lab, country: US, lists: [], screened: 2026-11-01}]
operators: [{id: host, name: Host, country: US, parent_country: US, lists: [], screened: 2026-11-01}]
"""
_MODEL: Final = (
    "  - {{id: {id}, lab: lab, base: [], open_weights: true, licence: MIT, context_tokens: 900000, kinds: [{kind}], "
    "can: [{can}]}}\n"
)
_ENDPOINT: Final = (
    "  - {{id: {id}@host, model: {id}, operator: host, hosting: self, storage: [], inference: [US], "
    'trains_on_data: false, retention_days: 0, api: {api}, base_url: "{url}", upstream_model: up-{id}, '
    "key_env: null, prices: [{{since: 2026-01-01, input: 1, output: 2}}]}}\n"
)


@dataclass(frozen=True, slots=True)
class House:
    """A gateway that is ready, and the vendor behind it."""

    url: str
    vendor: vendor.Vendor


def write_folder(path: Path, vendor_url: str) -> Path:
    """The policy folder."""
    rows = [(name, api, "chat", "tools, parallel_tools, json_schema, reasoning, vision") for name, api in WIRES.items()]
    rows += [(f"{name}-{fault}", api, kind, can) for name, api, kind, can in rows for fault in FAULTS]
    rows.append(("embedder", "openai", "embedding", ""))
    models = "".join(_MODEL.format(id=name, kind=kind, can=can) for name, _, kind, can in rows)
    endpoints = "".join(_ENDPOINT.format(id=name, api=api, url=vendor_url) for name, api, _, _ in rows)
    (path / "catalog").mkdir(parents=True)
    (path / "policy.yaml").write_text(_POLICY)
    (path / "catalog" / "all.yaml").write_text(f"{_CATALOG}models:\n{models}endpoints:\n{endpoints}")
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    keys = f'teams: {{t: {{data_class: public}}}}\nkeys: [{{id: k, team: t, sha256: "{digest}"}}]\n'
    (path / "callers.yaml").write_text(keys)
    return path


@contextlib.contextmanager
def running(folder: Path) -> Iterator[House]:
    """Both, until the end; what the gateway says stands in `folder`/gateway.log. Raises SystemExit with it."""
    with vendor.running() as played, (folder / "gateway.log").open("wb") as log:
        policies, port, control_port = write_folder(folder / "policies", played.url), _free_port(), _free_port()
        command = [sys.executable, "-m", "gateway", "serve", "--policies", str(policies), "--port", str(port)]
        settings = {"GATEWAY_STATE_DIR": str(folder / "state"), "GATEWAY_CONTROL_PORT": str(control_port)}
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not _ready(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the gateway did not start: {(folder / 'gateway.log').read_text()[-2000:]}")
                time.sleep(0.1)
            yield House(f"http://127.0.0.1:{port}", played)
        finally:
            process.terminate()
            process.wait(30)


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port: int = plug.getsockname()[1]
        return port
