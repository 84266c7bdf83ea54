"""`exploration: thompson`: each endpoint's cost per answer is drawn from what is believed of it, so doubt is tried out.

Pure: chance is the view's draw, and every use of it has a number of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from math import log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from gateway.catalog.facts import Endpoint
from gateway.estimates import PRIORS, Estimate, Snapshot
from gateway.policy.compiled import Policy
from gateway.policy.ranking import Kind, kind_of
from gateway.policy.rules import Item, Order
from gateway.policy.view import View
from gateway.signals.value import Signals

ORDER: Order = "cost_per_answer"
_LEAST = 0.01  # of a drawn share of answers
Floats = NDArray[np.float64]


def seed(draw: float, use: str) -> int:
    """A number for one use of a draw: a canary's says nothing of an exploration's."""
    return int.from_bytes(hashlib.blake2b(f"{draw!r} {use}".encode(), digest_size=8).digest())


def share_of(draw: float, use: str) -> float:
    """The same number in [0, 1)."""
    return seed(draw, use) / (1 << 64)


def draw_of(conversation: bytes) -> float:
    """The same for every request of a conversation, in [0, 1)."""
    return int.from_bytes(conversation[:6].ljust(6, b"\0")) / (1 << 48)


def drawn_costs(policy: Policy, signals: Signals, view: View) -> Floats:
    """What each endpoint might cost this request per answer, by its index. The view has a draw."""
    assert view.draw is not None
    snapshot = view.estimates or PRIORS
    tokens, answers, worth = _doubt(policy.endpoints, snapshot, kind_of(ORDER, signals, snapshot))
    chance = np.random.default_rng(seed(view.draw, "exploration"))
    longer = np.exp(chance.normal(-tokens * tokens / 2, tokens))
    drawn = np.maximum(chance.beta(answers * worth, (1 - answers) * worth), _LEAST)
    costs: Floats = policy.rankings.costs(ORDER, signals, view, longer=longer) * answers / drawn
    return costs


def sorted_by(costs: Floats, item: Item, taken: int) -> Sequence[Endpoint]:
    """The endpoints of `item` in the mask `taken`; equals stay as listed."""
    return sorted((endpoint for bit, endpoint in item.pairs if bit & taken), key=lambda each: costs[each.index])


@lru_cache(maxsize=32)  # the kinds of request of late, of the last snapshots
def _doubt(endpoints: tuple[Endpoint, ...], snapshot: Snapshot, kind: Kind) -> tuple[Floats, Floats, Floats]:
    """By index: the spread of the tokens' logarithm, the share of answers, and what that is worth."""
    topic, language, effort, team = kind
    answers = [snapshot.answered(endpoint, topic, language, team=team) for endpoint in endpoints]
    tokens = [_spread(snapshot.output_tokens(endpoint.model, effort, topic)) for endpoint in endpoints]
    worth = [max(each.mean * (1 - each.mean) / each.error**2 - 1, 0.5) for each in answers]
    return np.array(tokens), np.array([each.mean for each in answers]), np.array(worth)


def _spread(tokens: Estimate) -> float:
    return sqrt(log1p((tokens.error / tokens.mean) ** 2)) if tokens.mean else 0.0
