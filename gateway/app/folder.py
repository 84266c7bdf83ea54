"""Reads a policy folder into bytes, by names relative to it; everything after that is pure."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from gateway.errors import Problem, Problems
from gateway.policy.layout import catalog_folder

MOST_FILE_BYTES = 8_000_000
Files = dict[str, bytes]


def read_folder(folder: Path) -> Files:
    """policy.yaml, callers.yaml, cases/*.yaml and the catalogue's files. Raises Problems if it is not there."""
    if not folder.is_dir():
        way_out = "name another with --policies or GATEWAY_POLICIES; `policies/` of the project is a start"
        raise Problems([Problem(f"there is no policy folder {folder}", help=way_out)])
    names = [name for name in ("policy.yaml", "callers.yaml") if (folder / name).is_file()]
    files = {name: _read(folder / name, name) for name in names}
    files |= _read_all(folder / "cases", "cases")
    catalog = catalog_folder(files.get("policy.yaml", b""))
    files |= _read_all(folder / catalog, "catalog")
    return files


def fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a file of the folder does: (path, modified in ns, size) of each."""
    found = []
    for root in _roots(folder):
        for path in sorted(root.glob("*.yaml")):
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _roots(folder: Path) -> tuple[Path, ...]:
    policy = folder / "policy.yaml"
    try:
        catalog = folder / _catalog_folder(policy.read_bytes())
    except OSError:
        catalog = folder / "catalog"
    return (folder, folder / "cases", catalog)


@lru_cache(maxsize=4)  # asked twice a second
def _catalog_folder(policy: bytes) -> str:
    return catalog_folder(policy)


def _read_all(folder: Path, shown: str) -> Files:
    return {f"{shown}/{path.name}": _read(path, f"{shown}/{path.name}") for path in sorted(folder.glob("*.yaml"))}


def _read(path: Path, name: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise Problems([Problem(f"{name} cannot be read: {os.strerror(error.errno or 0)}")]) from None
    if len(data) > MOST_FILE_BYTES:
        raise Problems([Problem(f"{name} is longer than {MOST_FILE_BYTES:,} bytes", help="split it into several")])
    return data
