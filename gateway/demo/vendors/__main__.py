"""`python -m gateway.demo.vendors`: plays the vendors until it is ended."""

from __future__ import annotations

import argparse
import asyncio

from gateway.demo import child
from gateway.demo.vendors.connection import VendorListener
from gateway.demo.vendors.control import Control
from gateway.demo.vendors.profiles import VENDORS
from gateway.demo.vendors.vendor import Playing


async def play(*, pace: float, seed: int, only: list[str]) -> None:
    """Never returns."""
    playing = {vendor.id: Playing(vendor, seed, pace) for vendor in VENDORS if not only or vendor.id in only}
    doors = {id: VendorListener(each.serve) for id, each in playing.items()}
    control = VendorListener(Control(playing, doors).serve)
    for door in (*doors.values(), control):
        await door.open()
    child.say_ready({"ports": {id: door.port for id, door in doors.items()}, "control": control.port})
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.demo.vendors", description=__doc__)
    parser.add_argument("--pace", type=float, default=1.0, help="1: at their usual speed, 0: at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], choices=[vendor.id for vendor in VENDORS])
    given = parser.parse_args()
    child.end_with_parent()
    asyncio.run(play(pace=given.pace, seed=given.seed, only=given.only))


main()
