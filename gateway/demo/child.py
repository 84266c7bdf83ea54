"""A process of our own: it says in one JSON line that it is ready, and ends when we do, however we end.

The child's standard input is a pipe from us: it reads the end of it when we are gone, even if we were killed.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class NotStarted(RuntimeError):
    """A process that did not become ready; the text says what it said and the way out."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running process and what it said when it was ready."""

    name: str
    process: subprocess.Popen[bytes]
    ready: dict[str, Any]

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """At once, as a crash would."""
        self.process.kill()
        self.stop()

    def stop(self, patience_s: float = 5.0) -> None:
        """Politely, then not; nothing happens if it has ended already."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def start(name: str, module: str, arguments: Sequence[str] = (), *, log: Path, patience_s: float = 120.0) -> Child:
    """Runs `python -m module`; its standard error goes to `log`. Raises NotStarted."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C goes to us, and we end it
        )
    child = Child(name, process, {})
    line = _first_line(process, patience_s)
    try:
        ready = json.loads(line)
    except ValueError:
        child.stop()
        raise NotStarted(_what_happened(child, log, patience_s)) from None
    if "error" in ready:
        child.stop()
        raise NotStarted(f"{name} did not start: {ready['error']}")
    return Child(name, process, ready)


def say_ready(facts: dict[str, Any]) -> None:
    """In the child: one line for the parent."""
    os.write(1, json.dumps(facts).encode() + b"\n")


def end_with_parent() -> None:
    """In the child: ends this process when the parent is gone."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def _first_line(process: subprocess.Popen[bytes], patience_s: float) -> bytes:
    assert process.stdout is not None
    line = b""
    deadline = time.monotonic() + patience_s
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            line += piece
    return line


def _what_happened(child: Child, log: Path, patience_s: float) -> str:
    status = child.process.returncode
    if status == -9:
        return f"{child.name} was killed while it started; the usual cause is too little memory (see `free -m`)"
    if status in (0, -15):
        return f"{child.name} was not ready within {patience_s:g} s; its log is {log}"
    lines = log.read_text(errors="replace").strip().splitlines()
    last = f": {lines[-1].strip()}" if lines else ""
    return f"{child.name} ended with status {status} while it started{last}; its log is {log}"
