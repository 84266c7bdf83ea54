"""What a shadow, a judge and a probe share: each asks beside the requests, and is recorded however it ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic, time

from gateway.errors import GatewayError
from gateway.outcome.make_outcome import settle as outcome_of
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.request import ID_BITS, Arrival, new_id

_chance = random.SystemRandom()


def arrival(name: str) -> Arrival:
    """Of a request of this moment under an id of its own; `name` says beside what it is asked."""
    at = time()
    return Arrival(new_id(at, _chance.getrandbits(ID_BITS)), at, monotonic(), client_request_id=name)


@contextmanager
def recorded(
    trail: RequestState, record: Callable[[Outcome], None], settle: Callable[[Outcome, RequestState], None]
) -> Iterator[None]:
    """Hands on the Outcome however it ends, if anybody was asked; a GatewayError ends here.

    It replaces nothing that would have been bought, so no baseline stands beside it. `settle`: what budgets of places
    set aside for it.
    """
    error: BaseException | None = None
    try:
        yield
    except GatewayError as refused:
        error = refused
    except BaseException as left:
        error = left
        raise
    finally:
        if trail.attempts or trail.reservations:
            outcome = outcome_of(trail, error, ended=monotonic(), ended_at=time())
            settle(outcome, trail)
            if trail.attempts:
                record(replace(outcome, baseline_list_usd=None))
