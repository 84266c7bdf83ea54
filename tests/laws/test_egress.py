"""No byte to an endpoint that was removed: tens of thousands of random cases, checked where bytes are written.

`EGRESS_CASES=1000000 EGRESS_SEED=7 pytest tests/laws/test_egress.py` tries as many more (`make soak` does).
"""

from __future__ import annotations

import asyncio
import os

from tests.laws.egress import play

CASES = int(os.environ.get("EGRESS_CASES", "20000"))
SEED = int(os.environ.get("EGRESS_SEED", "20261128"))
OF_A_WORLD = 200


def test_no_byte_leaves_for_an_endpoint_that_the_rules_of_that_moment_remove(tmp_path):
    socket = tmp_path / "adapter"
    socket.touch()
    worlds = range(SEED, SEED + max(1, CASES // OF_A_WORLD))

    tally = asyncio.run(play(worlds, OF_A_WORLD, socket))

    assert tally.cases >= min(CASES, OF_A_WORLD)
    assert tally.answered > tally.cases / 20 and tally.changes > tally.cases / 4
    purposes = {each.split()[0] for each in tally.bytes_of}
    assert purposes == {"serve", "shadow", "judge"}
    assert len([each for each in tally.bytes_of if each.startswith("serve")]) == 10
