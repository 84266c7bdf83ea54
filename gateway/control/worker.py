"""A helper process: does one job after another, until its parent ends or asks no more."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
from pathlib import Path
from time import time
from typing import BinaryIO

import msgspec

from gateway.control.job import Done, Job, OverviewJob, Place
from gateway.control.jobs import Jobs, do
from gateway.control.live_overview import Overviews
from gateway.errors import GatewayError
from gateway.processes.watchdog import end_with
from gateway.record.store import UNREADABLE

MOST_MEMORY = 2 << 30  # bytes of address space
MOST_CPU_S = 90  # of one job
_encode = msgspec.msgpack.Encoder().encode


def main() -> None:
    """Given its parent's pid: answers every Job on stdin with a Done on stdout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the gateway, which ends this process
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
    end_with(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints prints to the log
    place = _read(sys.stdin.buffer)
    assert isinstance(place, Place)
    desk = Jobs(place)
    overview = Overviews(desk.store, desk.policy, Path(place.state_dir))
    while (job := _read(sys.stdin.buffer)) is not None:
        assert not isinstance(job, Place)
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(
            resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + MOST_CPU_S, resource.RLIM_INFINITY)
        )
        data = _encode(_done(job, desk, overview))
        answers.write(len(data).to_bytes(8, "big") + data)
        answers.flush()


def _done(job: Job, desk: Jobs, overview: Overviews) -> Done:
    try:
        return Done(overview(job.snapshot, job.teams)) if isinstance(job, OverviewJob) else do(job, desk, time())
    except GatewayError as error:
        return Done(error.message.encode(), code=error.code, param=error.param)
    except UNREADABLE:
        return Done(b"the ledger cannot be read now", code="overloaded")
    except MemoryError:
        return Done(b"this takes more memory than there is for it", code="overloaded")


def _read(line: BinaryIO) -> Job | Place | None:
    head = line.read(8)
    if len(head) < 8:
        return None
    message: Job | Place = pickle.loads(line.read(int.from_bytes(head, "big")))  # of our own parent
    return message
