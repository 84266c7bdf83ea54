"""`docs/own-vendor.md` as it stands, with the real local model as the vendor: every command in it runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.demo.child import Child

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "own-vendor.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)


def test_a_real_llama_cpp_server_is_in_the_catalogue_after_the_commands_of_the_guide(
    tmp_path: Path, local_model_process: Child
) -> None:
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    base_url = str(local_model_process.ready["base_url"])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "\n".join(COMMANDS).replace("http://127.0.0.1:8000/v1", base_url)
    world = {**os.environ, "PATH": path, "GATEWAY_STATE_DIR": str(tmp_path / "state")}

    ended = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=world, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "llama.cpp" in ended.stdout and "0 failed" in ended.stdout
    (written,) = (tmp_path / "mine" / "catalog").glob("added-*.yaml")
    assert "context_tokens" in written.read_text() and "hosting: self" in written.read_text()
