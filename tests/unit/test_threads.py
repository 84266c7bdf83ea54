"""Claims about work beside the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gateway.threads import Busy, Threads

pytestmark = pytest.mark.filterwarnings("error")


def test_it_returns_and_raises_what_the_job_does():
    async def runs() -> None:
        threads = Threads("test")
        assert await threads.run(divmod, None, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await threads.run(divmod, None, 7, 0)

    asyncio.run(runs())


def test_a_job_that_never_ends_is_given_up_and_others_wait_only_so_long():
    ends, ran = threading.Event(), threading.Event()

    async def runs() -> None:
        threads = Threads("test", 1, most_waiting=1)
        with pytest.raises(TimeoutError):
            await threads.run(ends.wait, 0.01)
        with pytest.raises(TimeoutError):
            await threads.run(ran.set, 0.01)  # waits behind it
        with pytest.raises(Busy):
            await threads.run(ran.set, 60.0)
        ends.set()
        for _ in range(6_000):
            if threads.waiting:
                await asyncio.sleep(0.01)
        assert await threads.run(lambda: "served", None) == "served"

    asyncio.run(runs())
    assert not ran.is_set()  # given up before it began


def test_no_more_threads_run_than_were_asked_for():
    most, running, lock = 0, 0, threading.Lock()

    def job() -> None:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1

    async def runs() -> None:
        threads = Threads("test", 2)
        await asyncio.gather(*(threads.run(job, None) for _ in range(8)))

    asyncio.run(runs())
    assert most == 2
