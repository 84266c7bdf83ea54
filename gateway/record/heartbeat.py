"""What only one process knows now, in a small file a second: requests under way, open breakers, used budgets."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import time

import msgspec

from gateway.record import files

FOLDER = "heartbeat"  # in the state folder
EVERY_S = 1.0
LEDGER_AWAY = "ledger.away"  # in the state folder while the control process cannot write the ledger
FROZEN = "gateway_freeze_in_force"  # the gauge by which a worker says what it keeps from
Labels = tuple[str, ...]
Cells = Mapping[Labels, float]


class Beat(msgspec.Struct):
    """As of one moment."""

    at: float  # seconds since the epoch
    pid: int
    gauges: dict[str, list[tuple[Labels, float]]] = {}  # by family; None of a process that is gone counts
    counters: dict[str, list[tuple[Labels, float]]] = {}  # since the process began
    behind_s: float = 0.0  # by how much its event loop was late
    obstacle: str | None = None  # why its journal takes nothing more
    dropped: int = 0  # records that its journal had no room for


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Beat).decode


class Heart:
    """Of one process. `tell` may be called by an event loop: a thread writes the file."""

    def __init__(self, state_dir: Path, name: str):
        self._path = state_dir / FOLDER / name
        self._beat: Beat | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def tell(
        self,
        gauges: Mapping[str, Cells],
        counters: Mapping[str, Cells],
        *,
        behind_s: float = 0.0,
        obstacle: str | None = None,
        dropped: int = 0,
    ) -> None:
        """What the next beat says."""
        self._beat = Beat(time(), os.getpid(), _listed(gauges), _listed(counters), behind_s, obstacle, dropped)

    def close(self) -> None:
        self._closing.set()
        self._thread.join(EVERY_S)

    def _run(self) -> None:
        closing = False
        while not closing:
            closing = self._closing.wait(EVERY_S)
            self._write()

    def _write(self) -> None:
        beat = self._beat
        if beat is not None:
            with suppress(OSError):  # a full disk: the last one ages
                files.swap(self._path, _encode(beat))


def tell(state_dir: Path, name: str, counters: Mapping[str, Cells]) -> None:
    """Of a process without an event loop: at once."""
    with suppress(OSError):
        files.swap(state_dir / FOLDER / name, _encode(Beat(time(), os.getpid(), {}, _listed(counters))))


def beats(state_dir: Path) -> dict[str, Beat]:
    """The last of each process, by its name."""
    folder = state_dir / FOLDER
    found: dict[str, Beat] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        data = None if path.suffix else files.read(path)
        with suppress(msgspec.DecodeError):
            if data:
                found[path.name] = _decode(data)
    return found


def forget(state_dir: Path, name: str) -> None:
    """Of a process that is gone."""
    with suppress(OSError):
        (state_dir / FOLDER / name).unlink()


def _listed(cells: Mapping[str, Cells]) -> dict[str, list[tuple[Labels, float]]]:
    return {name: list(each.items()) for name, each in cells.items()}
