"""The wheel, built here and installed in an empty environment, serves: nothing that it needs is left undeclared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

import pytest

from tests.running import PATIENCE_S, free_port

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]


def build_wheel(into: Path) -> Path:
    command = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", into, ROOT], check=True, cwd=into)
    return next(into.glob("*.whl"))


def locked_versions(file: Path) -> Path:
    """The lock's versions as constraints: they say in which version, the wheel says what."""
    pins = re.findall(r"^([A-Za-z0-9_.-]+==.+?) *\\$", (ROOT / "requirements/runtime.txt").read_text(), re.M)
    file.write_text("\n".join(pins))
    return file


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_the_wheel_in_an_empty_environment_serves(tmp_path):
    wheel = build_wheel(tmp_path)
    venv.create(tmp_path / "empty", with_pip=False)
    python = tmp_path / "empty/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    pip += ["install", "--no-compile"]  # what is imported is compiled then
    subprocess.run([*pip, "-c", locked_versions(tmp_path / "pins.txt"), wheel], check=True, cwd=tmp_path)
    port, control_port = free_port(), free_port()
    command = [tmp_path / "empty/bin/gateway", "serve", "--policies", ROOT / "policies", "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "GATEWAY_STATE_DIR": str(tmp_path / "state")}
    environment["GATEWAY_CONTROL_PORT"] = str(control_port)
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + PATIENCE_S
        asked = [f"http://127.0.0.1:{port}/health/live", f"http://127.0.0.1:{control_port}/metrics"]
        while not all(map(answers, asked)):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(20)
