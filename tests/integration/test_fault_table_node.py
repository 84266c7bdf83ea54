"""The fault table once more, through the official SDKs for Node (`make clients` runs it): status and code are alike."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from clients import environments
from tests.integration.fault_table import DIALECTS, Case, Sight, observed
from tests.integration.upstreams import KEY
from tests.running import Running, starter

pytestmark = [pytest.mark.services, pytest.mark.slow]
TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text())


class NodeSdks:
    """One process that asks what it is told, a line each."""

    def __init__(self, running: Running):
        world = {**os.environ, "GATEWAY_URL": running.url, "GATEWAY_KEY": KEY}
        script = environments.HERE / "faults.mjs"
        self._lock = threading.Lock()
        self._node = subprocess.Popen(
            ["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=world
        )

    def ask(self, case: Case) -> Sight:
        """What a program sees that uses the SDK of the dialect."""
        dialect = case.way if case.way in DIALECTS else "chat"
        asked = {"dialect": dialect, "model": case.asked_for, "stream": case.form == "stream", "tag": case.tag}
        with self._lock:
            assert self._node.stdin is not None and self._node.stdout is not None
            self._node.stdin.write(json.dumps(asked) + "\n")
            self._node.stdin.flush()
            return Sight(**json.loads(self._node.stdout.readline()))

    def close(self) -> None:
        self._node.terminate()
        self._node.communicate()


def alike(said: str) -> str:
    """Without the class, whose names differ, and without the status of a stream that had begun."""
    begun, _, rest = said.rpartition("text, then ")
    words = [word for word in rest.split() if not word.endswith("Error") and word != "200"]
    return (
        said if said.startswith("an ") else ("text, then " if begun or "text, then" in said else "") + " ".join(words)
    )


def test_sdks_for_node_see_what_those_for_python_see(tmp_path):
    for name in ("openai-node", "anthropic-node"):
        environments.command(name)
    started: list[Running] = []
    try:
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        found = observed(tmp_path, starter(tmp_path, started), digest, NodeSdks)
    finally:
        for each in started:
            each.stop()

    differ = [
        (row, form, dialect, said, alike(TABLE[row][form][dialect]))
        for row, forms in found.rows.items()
        for form, sights in forms.items()
        for dialect, said in sights.items()
        if dialect in DIALECTS and alike(said) != alike(TABLE[row][form][dialect])
    ]
    assert differ == []
