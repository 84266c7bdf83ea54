"""Every command of docs/tutorial.md runs beside a demo as it stands, and prints what stands under it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.demo.test_demo import Demo
from tests.running import free_port

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[3]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```sh\n(.*?)```\n(?:```text\n(.*?)```\n)?", TUTORIAL, re.DOTALL)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A checkout's folder in which a demo runs, and the words of the tutorial that another machine has otherwise."""
    home = tmp_path_factory.mktemp("checkout")
    (home / ".venv").mkdir()
    (home / ".venv/bin").symlink_to(Path(sys.executable).parent)
    port, control = free_port(), free_port()
    out = home / "out"
    world = {**os.environ, "GATEWAY_CONTROL_PORT": str(control)}
    with out.open("wb") as sink:
        command = [sys.executable, "-m", "gateway", "demo", "--port", str(port), "--traffic", "12"]
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=world | {"PYTHONPATH": str(ROOT)}, cwd=home)
    try:
        printed = Demo(process, out).says("all requests are sent")
        key = re.search(r"key +(gw-demo-\S+)", printed)
        assert key is not None
        yield (
            home,
            {"gw-demo-…": key[1], ":8080": f":{port}", ":8081": f":{control}", "/tmp/stricter": str(home / "new")},
        )
    finally:
        process.terminate()
        process.wait(30)


def test_the_tutorial_works_from_its_first_to_its_last_command(demo):
    home, words = demo
    before: list[str] = []
    for step, (commands, shown) in enumerate(STEPS, 1):
        for word, here in words.items():
            commands = commands.replace(word, here)
        if commands.startswith("export"):
            before.append(commands)
        done = subprocess.run(["bash", "-c", "\n".join([*before, commands])], cwd=home, capture_output=True, text=True)
        printed = " ".join((done.stdout + done.stderr).replace("_", " ").split())
        told = [" ".join(line.replace("_", " ").split()) for line in shown.splitlines()]

        assert [line for line in told if line not in printed] == [], (step, printed[-2000:])
        assert "Traceback" not in printed and "Usage:" not in printed, (step, printed[-2000:])
    assert len(STEPS) >= 8
