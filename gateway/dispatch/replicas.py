"""Which address and key of an endpoint a request goes to: by weight, the same for a conversation, none that rests."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from math import log

from gateway.catalog.facts import Endpoint
from gateway.dispatch.breaker import Breakers
from gateway.upstreams.fleet import Fleet

_WHOLE = float(1 << 64)


def breaker_name(endpoint: Endpoint, number: int) -> str:
    """The endpoint's id; where it has several replicas, with what tells this one from the others."""
    if len(endpoint.replicas) == 1:
        return endpoint.id
    replica = endpoint.replicas[number]
    return f"{endpoint.id} {replica.base_url} {replica.key or ''}"


def awake(endpoint: Endpoint, fleet: Fleet, breakers: Breakers, at: float) -> list[int]:
    """Numbers of the replicas that have their key and do not rest."""
    return [number for number in fleet.replicas(endpoint) if breakers.of(breaker_name(endpoint, number)).allows(at)]


def last_resorts(endpoint: Endpoint, fleet: Fleet, breakers: Breakers, at: float) -> list[int]:
    """Numbers of those that rest, and that a request may ask which has nobody else."""
    names = [(number, breaker_name(endpoint, number)) for number in fleet.replicas(endpoint)]
    return [number for number, name in names if breakers.of(name).allows_alone(at)]


def wait_s(endpoint: Endpoint, fleet: Fleet, breakers: Breakers, at: float) -> float:
    """Seconds until it is worth asking one; 0 if one is awake. The endpoint is one that `fleet` reaches."""
    return min(breakers.of(breaker_name(endpoint, number)).wait_s(at) for number in fleet.replicas(endpoint))


def are_limited(endpoint: Endpoint, fleet: Fleet, breakers: Breakers) -> bool:
    """True if all its replicas rest because of their rate limits."""
    return all(breakers.of(breaker_name(endpoint, number)).limited for number in fleet.replicas(endpoint))


def choose(endpoint: Endpoint, numbers: Collection[int], draw: float) -> int:
    """One of `numbers`, of which there is at least one. `draw` is the conversation's: it stays where it was.

    Weighted rendezvous: whatever falls out moves none but its own conversations.
    """
    if len(numbers) == 1:
        return next(iter(numbers))
    return max(numbers, key=lambda number: _score(endpoint, number, draw))


def _score(endpoint: Endpoint, number: int, draw: float) -> float:
    text = f"{draw!r} {breaker_name(endpoint, number)}"
    point = (int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") + 0.5) / _WHOLE
    return -endpoint.replicas[number].weight / log(point)
