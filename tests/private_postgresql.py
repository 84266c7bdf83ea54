"""A private PostgreSQL that a test may kill, freeze and start again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg


class PostgreSQL:
    """Runs until `close`."""

    def __init__(self) -> None:
        self._binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self._folder = Path(tempfile.mkdtemp(prefix="gateway-postgresql-"))
        self._as_postgres: list[str | Path] = []
        if os.getuid() == 0:  # the server refuses to run as root
            shutil.chown(self._folder, "postgres", "postgres")
            self._as_postgres = ["runuser", "-u", "postgres", "--"]
        initdb: list[str | Path] = ["--pgdata", self._data, "--username", "gateway", "--auth", "trust", "--no-sync"]
        self._run("initdb", *initdb)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://gateway@127.0.0.1:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Until it takes calls."""
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "start", "-D", self._data, "-w", "-t", "120", "-l", self._folder / "log", "-o", options)

    def kill(self) -> None:
        """As a crash does: nothing is finished."""
        for pid in self._pids():
            os.kill(pid, signal.SIGKILL)
        while self._pids():
            time.sleep(0.05)
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def freeze(self) -> None:
        """It keeps every connection, and says nothing."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def rows(self, question: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(question).fetchall()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pids(self) -> list[int]:
        """The server and all that it started."""
        try:
            first = int((self._data / "postmaster.pid").read_text().split("\n")[0])
        except (OSError, ValueError):
            return []
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(first)], capture_output=True, text=True).stdout
        return [pid for pid in (first, *map(int, children.split())) if Path(f"/proc/{pid}").exists()]

    def _run(self, program: str, *words: str | Path) -> None:
        command = [*self._as_postgres, self._binaries / program, *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder)
