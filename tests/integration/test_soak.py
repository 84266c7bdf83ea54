"""A short cut of `make soak`: the same load, faults, reloads, freezes, kills and restart, for some seconds."""

from __future__ import annotations

import asyncio

import pytest

from tests.soak.run import soak

pytestmark = pytest.mark.services


def test_a_soak_leaves_a_ledger_complete_to_the_row_money_as_summed_apart_and_nothing_grown():
    report = asyncio.run(soak(800, 160, 20261128, steps=8))

    assert report.wrong == []
    assert {"restart", "reload", "freeze"} <= report.events.keys()
    assert report.statuses[200] > 500 and len(report.statuses) > 2
