"""Bytes of others raise nothing but what each parser says: a short cut of `make fuzz`, which looks for hours."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.parsers import PARSERS, SEEDS

TRIES = 20
SEED = 20261128


def damaged(data: bytes, chance: Random) -> bytes:
    """With bytes changed, taken out, doubled or put in."""
    out = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at, end = sorted((chance.randrange(len(out) + 1), chance.randrange(len(out) + 1)))
        what = chance.choice((bytes([chance.randrange(256)]), b"", out[at:end] * 2, b"\xff\xfe", b'"', b"[{" * 40))
        out[at : end if chance.random() < 0.5 else at] = what
    return bytes(out)


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_raises_nothing_that_it_does_not_say(name):
    chance = Random(SEED)
    for seed in (*SEEDS[name], b""):
        PARSERS[name](seed)
        for _ in range(TRIES):
            PARSERS[name](damaged(seed, chance))
