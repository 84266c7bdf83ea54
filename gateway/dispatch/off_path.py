"""Around what is asked beside the requests, by a shadow, a judge or a probe: it is billed however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic, time

from gateway.errors import GatewayError
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.outcome.settle import settle


@contextmanager
def recorded(trail: RequestState, record: Callable[[Outcome], None]) -> Iterator[None]:
    """Hands on the Outcome however it ends, if anybody was asked; a GatewayError ends here.

    It replaces nothing that would have been bought, so no baseline stands beside it.
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
        if trail.attempts:
            outcome = settle(trail, error, ended=monotonic(), ended_at=time())
            record(replace(outcome, baseline_list_usd=None))
