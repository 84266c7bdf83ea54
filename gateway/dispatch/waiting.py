"""A request that nobody can serve now for want of a seat waits in line for one, where the endpoint says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic

from gateway.catalog.facts import Endpoint
from gateway.dispatch.ceilings import Loads
from gateway.dispatch.line import Ticket
from gateway.errors import GatewayError
from gateway.outcome.request_state import RequestState

QUEUE_S = 5.0  # of an endpoint whose `queue` has no time


async def seat_at(full: Sequence[Endpoint], trail: RequestState, loads: Loads) -> Endpoint | None:
    """One of these, with a seat held for this request; None of none. Raises GatewayError `overloaded`.

    At most as many wait as each line may hold, and as long as each says: what neither has room for is told at once.
    """
    if not full:
        return None
    lengths = loads.waiting()
    lines = [each for each in full if lengths.get(each.id, 0) < _most(each)]
    if not lines:
        most = max(_most(each) for each in full)
        raise _overloaded(trail, full, f"{most} requests wait for a seat already")
    wait_s = max(_patience_s(each) for each in lines)
    called: asyncio.Future[Endpoint] = asyncio.get_running_loop().create_future()
    ticket = Ticket(lines, id(trail), called.set_result)
    trail.asked_at = trail.asked_at or monotonic()  # this wait is for the endpoint, and no time of ours
    loads.join(ticket)
    try:
        await asyncio.wait([called], timeout=max(0.0, min(wait_s, trail.deadline - monotonic())))
    except BaseException:
        loads.give_back(id(trail))
        raise
    finally:
        loads.leave(ticket)
    if called.done():
        return called.result()
    raise _overloaded(trail, full, f"no seat has become free in {wait_s:g} s")


def _overloaded(trail: RequestState, full: Sequence[Endpoint], words: str) -> GatewayError:
    trail.refused_by = "queue"
    names = ", ".join(each.id for each in full[:3]) + (f" and {len(full) - 3} more" if len(full) > 3 else "")
    return GatewayError("overloaded", f"{names}: {words}", retry_after_s=min(_patience_s(each) for each in full))


def _most(endpoint: Endpoint) -> int:
    return (endpoint.ceilings.queue if endpoint.ceilings is not None else None) or 0


def _patience_s(endpoint: Endpoint) -> float:
    return (endpoint.ceilings.queue_s if endpoint.ceilings is not None else None) or QUEUE_S
