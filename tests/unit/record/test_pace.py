"""Claims about readers that keep beside each other: the faster one waits, but never for long."""

from __future__ import annotations

import threading
from time import monotonic

from gateway.record import pace
from gateway.record.pace import AHEAD, WAIT_S, Pace


def test_who_is_ahead_waits_until_the_others_have_come_after(monkeypatch):
    monkeypatch.setattr(pace, "WAIT_S", 60.0)
    beside = Pace()
    beside.keep("slow", 1)
    fast = threading.Thread(target=beside.keep, args=("fast", AHEAD + 1), daemon=True)
    fast.start()
    fast.join(0.1)
    assert fast.is_alive()

    beside.keep("slow", AHEAD)
    fast.join(30)
    assert not fast.is_alive()


def test_nobody_waits_for_who_has_nothing_to_read(monkeypatch):
    monkeypatch.setattr(pace, "WAIT_S", 1e9)
    beside = Pace()
    beside.keep("idle", 1)
    beside.leave("idle")
    beside.keep("fast", 10 * AHEAD)


def test_one_that_hangs_delays_the_others_by_a_moment_a_batch():
    beside = Pace()
    beside.keep("hangs", 1)
    began = monotonic()
    beside.keep("fast", 10 * AHEAD)
    assert monotonic() - began >= WAIT_S


def test_one_that_comes_later_begins_beside_the_slowest(monkeypatch):
    monkeypatch.setattr(pace, "WAIT_S", 1e9)
    beside = Pace()
    for _ in range(10):
        beside.keep("first", AHEAD)
    beside.keep("second", 1)
    beside.keep("first", 1)
