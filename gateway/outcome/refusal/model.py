"""The shipped model: is a reply a refusal, and if so an open one? Its card is docs/models/refusal.md.

Two stages, because the two know different things: `whole` reads a reply that has ended, `opening` the first characters
of one that goes on. Each has trees for two questions: does it decline or evade, and does it decline. A whole reply that
seems an answer to them evades all the same if other trees see that it broke down.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from gateway.outcome.refusal.breakdown import signs
from gateway.outcome.refusal.features import BODY, LOOKS, Prompt, numbers, read_reply
from gateway.outcome.refusal.trees import Trees, unpack
from gateway.signals import ngrams
from gateway.signals.ngrams import Linear

SURE = -3.5  # log odds beyond the threshold: two answers of three are below, no breakdown that was found is; saves time


# Log odds of a breakdown, by what the reply looks like at its beginning and end alone, from which it is looked at in
# windows: below, none that is found there is lost. What is between beginning and end is seen in windows only.
SUSPECT = -1.5
SUSPECT_LONG = -3.0


@dataclass(frozen=True, slots=True)
class Score:
    """Log odds beyond the threshold: above 0 means yes."""

    refused: float  # declined or evaded
    declined: float  # given that it is one of them; 0.0 if it is not


@dataclass(frozen=True, slots=True)
class Limits:
    """Log odds above which the answer to a question is yes."""

    refused: float
    declined: float
    broken: float = math.inf  # only a whole reply is looked at for it


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The trees of one stage and where they say yes."""

    refused: Trees
    declined: Trees
    limits: Limits


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything that is learnt."""

    words: Linear
    suspect: Trees
    broken: Trees
    whole: Stage
    opening: Stage

    def score(self, prompt: Prompt, answer: str, *, final: bool) -> Score:
        """`answer` is without thinking and not blank."""
        row = columns(self.words, prompt, answer, final=final)
        stage = self.whole if final else self.opening
        refused = stage.refused.log_odds(row) - stage.limits.refused
        if final and SURE < refused <= 0 and is_suspect(self.suspect, row[:LOOKS], len(answer)):
            refused = max(refused, self.broken.log_odds(looks(row, answer)) - stage.limits.broken)
        if refused <= 0:
            return Score(refused, 0.0)
        return Score(refused, stage.declined.log_odds(row) - stage.limits.declined)


def columns(words: Linear, prompt: Prompt, answer: str, *, final: bool) -> NDArray[np.float32]:
    """What the trees read: the numbers, then what the words say of each label."""
    parts = read_reply(answer, final=final)
    said = words.scores(parts.codes)
    return np.array([*numbers(prompt, answer, parts, final=final), *said.tolist()], np.float32)


def is_suspect(trees: Trees, row: NDArray[np.float32], size: int) -> bool:
    """Whether a reply of that size may have broken down somewhere; `row` begins with what it looks like."""
    return trees.log_odds(row) > (SUSPECT if size <= 2 * BODY else SUSPECT_LONG)


def looks(row: NDArray[np.float32], answer: str) -> NDArray[np.float32]:
    """What the trees for a breakdown read: none of the words."""
    return np.concatenate((row[:LOOKS], np.array(signs(answer), np.float32)))


@cache
def load() -> Model:
    """Reads the package's own files, once; call it at start so that the first reply does not wait."""
    folder = files("gateway.outcome.refusal").joinpath("models")
    with np.load(io.BytesIO(folder.joinpath("trees.npz").read_bytes()), allow_pickle=False) as file:
        packed = dict(file)
    return Model(
        words=ngrams.load(folder.joinpath("words.npz").read_bytes()),
        suspect=unpack(packed, "suspect"),
        broken=unpack(packed, "broken"),
        whole=_stage(packed, "whole"),
        opening=_stage(packed, "opening"),
    )


def _stage(packed: dict[str, NDArray[np.generic]], name: str) -> Stage:
    limits = Limits(*(float(limit) for limit in packed[f"{name}_limits"]))
    return Stage(
        refused=unpack(packed, f"{name}_refused"),
        declined=unpack(packed, f"{name}_declined"),
        limits=limits,
    )
