"""The last accepted policy folder, kept in the state folder: workers serve it, and changes are held against it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gateway.record import files

NAME = "accepted.json"
VERSIONS = "policies"  # in the state folder: one file a version


def keep(state_dir: Path, version: str, files: Mapping[str, bytes]) -> None:
    """Replaces what was accepted before, whole or not at all. Keys stand in these files as hashes only."""
    state_dir.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": version, "files": {name: data.decode() for name, data in files.items()}})
    fresh = state_dir / f"{NAME}.{os.getpid()}"
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, state_dir / NAME)


def keep_version(state_dir: Path, version: str, contents: Mapping[str, bytes], *, refused: bool = False) -> None:
    """Every version that was accepted or refused stays whole, so that what was decided by it can be explained.

    Raises OSError.
    """
    path = version_path(state_dir, version, refused=refused)
    if not path.exists():
        text = json.dumps({name: data.decode("utf-8", "replace") for name, data in contents.items()})
        files.swap(path, text.encode(), durable=True)


def load_version(state_dir: Path, version: str) -> dict[str, bytes] | None:
    """The files of an accepted version, else of a refused one; None if neither is kept."""
    for refused in (False, True):
        data = files.read(version_path(state_dir, version, refused=refused))
        if data is not None:
            return {name: text.encode() for name, text in json.loads(data).items()}
    return None


def version_path(state_dir: Path, version: str, *, refused: bool = False) -> Path:
    """Where it is kept."""
    return state_dir / VERSIONS / ("refused" if refused else ".") / f"{version}.json"


def load(state_dir: Path) -> tuple[str, dict[str, bytes]] | None:
    """(version, files); None if nothing was accepted yet. Raises ValueError for what is damaged."""
    try:
        kept = json.loads((state_dir / NAME).read_text(encoding="utf-8"))
        return kept["version"], {name: text.encode() for name, text in kept["files"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{state_dir / NAME} cannot be read") from None


def stamp(state_dir: Path) -> int:
    """Changes with every accepted version; 0 if there is none."""
    try:
        return (state_dir / NAME).stat().st_mtime_ns
    except OSError:
        return 0
