"""What is installed is what was looked at: every lock holds a version and hashes for every package, and no registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted([*(ROOT / "requirements").glob("*.txt"), *(ROOT / "clients").glob("*/requirements.txt")])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_line_of_a_lock_has_a_version_and_hashes(lock):
    text = re.sub(r"^\s*#.*\n", "", lock.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip()]

    assert lines
    for line in lines:
        assert re.match(r"[\w.\-]+(\[[\w,\-]+\])?(==| @ https://)\S+", line), line
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}", line), line
    assert not re.search(r"index-url|find-links|trusted-host", text)


def test_what_is_installed_is_checked_against_the_hashes():
    made = (ROOT / "Makefile").read_text()

    assert "install --require-hashes --no-deps" in made
    for line in re.findall(r"^.*pip\b.* install .*-r .*$", made, re.MULTILINE):
        assert "--require-hashes" in line or "$(PIP)" in line, line
