"""Whether a step takes a time that grows as its input does: the least of several runs, in CPU time of this process."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time

GROWTH = 4
MOST_GROWTH = 7.0  # of the time where the input grows by GROWTH: a square would be 16, with much beside it 8
FLOOR_S = 0.02  # less is not judged
TRIES = 4  # before growth is believed

Step = Callable[[], object]


def growth(small: Step, large: Step) -> float:
    """How many times longer the large one takes; GROWTH at most where it takes next to nothing."""
    found = 0.0
    for tried in range(1, TRIES + 1):
        longer = _least(large, tried)
        if longer < FLOOR_S:
            return 0.0
        found = longer / max(_least(small, 3 * tried), 1e-9)
        if found <= MOST_GROWTH:
            break
    return found


def _least(step: Step, runs: int) -> float:
    gc.disable()
    try:
        return min(_time(step) for _ in range(runs))
    finally:
        gc.enable()


def _time(step: Step) -> float:
    begun = process_time()
    step()
    return process_time() - begun
