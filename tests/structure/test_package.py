"""What `pip install` brings is what the program needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
READ_AS_FILES = {"model-prices"}
INSTALLERS = {"flit-core"}  # builds and installs the project; nothing imports it


def names(lines: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9][A-Za-z0-9_.-]*", line) for line in lines)
    return {name.group().lower().replace("_", "-") for name in found if name}


def test_the_package_declares_what_the_locks_hold():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = names(
        [*project["dependencies"], *(one for more in project["optional-dependencies"].values() for one in more)]
    )
    locked = names((ROOT / "requirements/runtime.in").read_text().splitlines())
    locked |= names((ROOT / "requirements/parquet.in").read_text().splitlines())
    locked |= names((ROOT / "requirements/dialects.in").read_text().splitlines()) - READ_AS_FILES

    assert declared == locked - INSTALLERS
