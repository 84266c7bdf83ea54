"""What a decision may depend on beside the policy and the request: the time, chance, what has been learned."""

from __future__ import annotations

from gateway.estimates import Snapshot
from gateway.frozen import frozen


@frozen
class View:
    """Everything outside policy and request that a decision may depend on."""

    at: float  # seconds since the epoch
    draw: float | None = None  # in [0, 1); None: without canary and exploration
    frozen: tuple[tuple[str, str], ...] = ()  # (selector, value), e.g. ("operator", "zai")
    conversation: str | None = None  # endpoint id that served this conversation
    estimates: Snapshot | None = None  # what has been learned; None: what the catalogue says
    canary_stands: bool | None = None  # whether a recorded request could be drawn; None: the estimates say
    max_tokens: int | None = None  # the caller's limit, which bounds the answer that `order: price` reckons with
