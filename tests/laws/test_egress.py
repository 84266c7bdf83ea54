"""No byte to an endpoint that was removed: tens of thousands of random cases, checked where bytes are written.

`EGRESS_CASES=1000000 EGRESS_SEED=7 pytest tests/laws/test_egress.py` tries as many more (`make soak` does).
"""

from __future__ import annotations

import os

import pytest

from gateway.interfaces import served
from tests.laws.egress import play
from tests.laws.egress_mutants import MUTANTS, QUICK, broken

CASES = int(os.environ.get("EGRESS_CASES", "20000"))
SEED = int(os.environ.get("EGRESS_SEED", "20261128"))
OF_A_WORLD = 400
MUTANT_CASES, OF_A_SMALL_WORLD = 40_000, 200
PAIRS = {
    f"serve {path} {api}"
    for path in ("/v1/chat/completions", "/v1/responses", "/v1/messages")
    for api in ("openai", "openai_responses", "anthropic", "gemini")  # the last: by the adapter
}


@pytest.fixture
def socket(tmp_path):
    """Where the adapter process would listen."""
    path = tmp_path / "adapter"
    path.touch()
    return path


def test_no_byte_leaves_for_an_endpoint_that_the_rules_of_that_moment_remove(socket):
    worlds = range(SEED, SEED + max(1, CASES // OF_A_WORLD))

    tally = play(worlds, OF_A_WORLD, socket)

    assert tally.cases >= min(CASES, OF_A_WORLD) and tally.answered > tally.cases / 20
    if tally.cases >= 20_000:
        assert {each.split()[0] for each in tally.bytes_of} == {"serve", "canary", "shadow", "judge", "probe"}
        assert (
            tally.changes.keys() == {"reload", "freeze", "lift", "midnight", "name"}
            and tally.rebound
            and tally.proxied
            and tally.kept
        )
        assert {each.split()[1] for each in tally.bytes_of} == {each.path for each in served().values()}
        assert tally.bytes_of.keys() >= PAIRS


@pytest.mark.parametrize("name", [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MUTANTS
])  # fmt: skip
def test_the_law_fails_when_a_check_is_taken_out(name, socket):
    worlds = range(20261128, 20261128 + MUTANT_CASES // OF_A_SMALL_WORLD)

    with broken(name), pytest.raises(AssertionError, match="seed"):
        play(worlds, OF_A_SMALL_WORLD, socket)
