"""A real Redis of a test's own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.running import free_port


@dataclass(frozen=True, slots=True)
class PrivateRedis:
    """One that answers, on a port of its own, and keeps nothing on disk."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def private_redis(folder: Path, *, port: int | None = None) -> Iterator[PrivateRedis]:
    """Runs until the block ends."""
    port = port or free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([*command, "--appendonly", "no"], stdout=subprocess.DEVNULL)
    try:
        with Redis(port=port) as client:
            _await(client)
        yield PrivateRedis(process, port)
    finally:
        process.terminate()
        process.wait(10)


def _await(client: Redis) -> None:
    for _ in range(200):
        try:
            client.ping()
            return
        except RedisError:
            time.sleep(0.05)
    raise AssertionError("Redis did not start")
