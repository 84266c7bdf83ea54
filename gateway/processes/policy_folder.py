"""Reads a policy folder into bytes, by names relative to it; everything after that is pure.

Whatever stands where a file should, and whatever happens to the folder meanwhile, ends in a reading or in Problems.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import sleep

from gateway.catalog.data import shipped_catalog
from gateway.errors import Place, Problem, Problems
from gateway.policy.layout import CALLERS, OWN, POLICY, SHIPPED, Layer, catalog_layers

MOST_FILE_BYTES = 8_000_000
TRIES, PAUSE_S = 5, 0.05  # of a folder that changes while it is read
_OPENED = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)  # a pipe without a writer is not waited for
Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the folder found, without reading: equal as long as nothing changed that a file system tells."""

    entries: tuple[tuple[str, tuple[int, ...]], ...]  # path, and what is known of it
    newest_ns: int  # when the last change was made, by the file system's clock


def read_folder(folder: Path) -> Files:
    """policy.yaml, callers.yaml, cases/*.yaml and the catalogue's files, all of one moment. Raises Problems."""
    for _ in range(TRIES):
        before = look(folder)
        try:
            files, broken = _read_once(folder), None
        except Problems as wrong:
            files, broken = {}, wrong
        if look(folder).entries == before.entries:
            if broken is not None:
                raise broken
            return files
        sleep(PAUSE_S)
    raise Problems([_problem(POLICY, f"the folder {folder} changes while it is read", "try again once it is written")])


def look(folder: Path) -> Seen:
    """Never raises: what cannot be looked at is told by its error."""
    found: list[tuple[str, tuple[int, ...]]] = []
    newest_ns = 0
    for root in _roots(folder):
        for path in (root, *_listed(root, found)):
            try:
                now = os.stat(path)
            except (OSError, ValueError) as wrong:
                found.append((path, (_errno(wrong),)))
                continue
            is_folder = path == root
            known = (now.st_dev, now.st_ino, now.st_mode, now.st_ctime_ns, now.st_mtime_ns, now.st_size)
            found.append((path, known[:3] if is_folder else known))
            newest_ns = max(newest_ns, 0 if is_folder else now.st_ctime_ns)
    return Seen(tuple(found), newest_ns)


def _listed(root: str, found: list[tuple[str, tuple[int, ...]]]) -> list[str]:
    """Paths of the YAML files; why they cannot be listed goes to `found`."""
    try:
        return [os.path.join(root, name) for name in _yaml_names(root)]
    except (OSError, ValueError) as wrong:
        found.append((f"{root}/*.yaml", (_errno(wrong),)))
        return []


def _errno(wrong: OSError | ValueError) -> int:
    return -(wrong.errno or 0) if isinstance(wrong, OSError) else -errno.EINVAL


def _roots(folder: Path) -> tuple[str, ...]:
    try:
        layers = _layers(_read(os.path.join(folder, POLICY), POLICY))
    except Problems:
        layers = _layers(b"")
    catalogs = [layer.path for layer in layers if layer.path is not None]
    return tuple(os.path.join(folder, name) for name in ("", "cases", *catalogs))


@lru_cache(maxsize=4)  # asked twice a second
def _layers(policy: bytes) -> tuple[Layer, ...]:
    return catalog_layers(policy)


def _read_once(folder: Path) -> Files:
    if not os.path.isdir(folder):
        way_out = "name another with --policies or GATEWAY_POLICIES; `policies/` of the project is a start"
        raise Problems([Problem(f"there is no policy folder {folder}", help=way_out)])
    here = _names(str(folder), ".")
    files = {name: _read(os.path.join(folder, name), name) for name in (POLICY, CALLERS) if name in here}
    for layer in (Layer("cases", "cases"), *_layers(files.get(POLICY, b""))):
        if layer.path is None:
            files |= {f"{SHIPPED}/{name}": data for name, data in shipped_catalog().items()}
            continue
        root, shown = os.path.join(folder, layer.path), layer.prefix
        names = _names(root, layer.path) if os.path.lexists(root) else []
        files |= {f"{shown}/{name}": _read(os.path.join(root, name), f"{shown}/{name}") for name in names}
    return files


def unnamed_catalog(folder: Path) -> list[Problem]:
    """A warning of a `catalog/` that is there and read by nobody, since `catalog:` names others; else nothing."""
    own = os.path.join(folder, OWN)
    try:
        layers = _layers(_read(os.path.join(folder, POLICY), POLICY))
        named = {os.path.realpath(os.path.join(folder, layer.path)) for layer in layers if layer.path is not None}
        if os.path.realpath(own) in named or not any(_yaml_names(own)):
            return []
    except (OSError, ValueError, Problems):
        return []
    words = [layer.path or SHIPPED for layer in layers]
    named_words = " and ".join(f"`{word}`" for word in words)
    message = f"nothing reads the files in `{OWN}/`: `catalog:` names only {named_words}"
    way_out = f"write `catalog: [{', '.join([*words, OWN])}]`: later rows add to earlier ones and override their fields"
    return [Problem(message, Place(POLICY, 1, 1), way_out, "warning")]


def _names(root: str, shown: str) -> list[str]:
    """Of the YAML files. Raises Problems."""
    try:
        names = list(_yaml_names(root))
    except (OSError, ValueError) as wrong:
        message = f"the folder `{shown}` cannot be listed: {_why(wrong)}"
        raise Problems([_problem(POLICY, message, f"let this user read and enter {root}")]) from None
    for name in names:
        if not name.isprintable():
            message = f"the name of the file {name!a} in `{shown}` cannot be written"
            raise Problems([_problem(POLICY, message, "rename it in plain letters")])
    return names


def _yaml_names(root: str) -> Iterator[str]:
    """Sorted; hidden ones are an editor's or a deployment's own."""
    yield from sorted(name for name in os.listdir(root) if name.endswith(".yaml") and not name.startswith("."))


def _read(path: str, name: str) -> bytes:
    """Raises Problems, also for what is no file: a folder, a pipe, a device."""
    try:
        number = os.open(path, _OPENED)
        try:
            is_file = stat.S_ISREG(os.fstat(number).st_mode)
            with open(number, "rb", closefd=False) if is_file else nullcontext() as file:
                data = file.read(MOST_FILE_BYTES + 1) if file else b""
        finally:
            os.close(number)
    except (OSError, ValueError) as wrong:
        raise Problems([_problem(name, f"{name} cannot be read: {_why(wrong)}")]) from None
    if not is_file:
        raise Problems([_problem(name, f"{name} is no plain file", "put a file there, or rename what is there")])
    if len(data) > MOST_FILE_BYTES:
        raise Problems([_problem(name, f"{name} is longer than {MOST_FILE_BYTES:,} bytes", "split it into several")])
    return data


def _why(wrong: OSError | ValueError) -> str:
    return os.strerror(wrong.errno or 0) if isinstance(wrong, OSError) else "no such name is possible"


def _problem(name: str, message: str, help: str | None = None) -> Problem:
    return Problem(message, Place(name, 1, 1), help)
