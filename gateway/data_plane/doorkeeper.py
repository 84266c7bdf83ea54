"""Who is let near the console and the metrics: by the name that a request came to, and by how often it guessed. Pure.

A page of another name that resolves to this machine (DNS rebinding) sends that name as its Host; nothing else tells it
from a page of our own.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TypeVar

from gateway.errors import GatewayError
from gateway.settings import is_loopback

T = TypeVar("T")
_HOST = re.compile(r"([0-9a-z._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
BURST = 10  # wrong tokens of one address before it has to wait
REFILL_S = 1.0  # until it may try once more
MOST_ADDRESSES = 1024


def name_of(host: str | None) -> str | None:
    """The name or address of a Host header, in lower case and without brackets and port; None if it is none."""
    found = _HOST.fullmatch(host or "")
    return found[1].strip("[]").lower() if found else None


def names_loopback(host: str | None) -> bool:
    """True if the Host header is `localhost` or an address of loopback, with or without a port, and nothing besides."""
    name = name_of(host)
    return name is not None and is_loopback(name)


def same_token(given: str, wanted: str) -> bool:
    """In a time that tells nothing of how much of it is right."""
    return compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


@dataclass(slots=True)
class Guesses:
    """Wrong tokens by address. An address that has none left waits, and what it sends meanwhile is not looked at."""

    _left: dict[str, tuple[float, float]] = field(default_factory=dict)  # tokens left then, and when that was

    def owner(self, given: str, find: Callable[[str], T | None], address: str, at: float) -> T | None:
        """Whose token this is, by `find`.

        Raises GatewayError `rate_limit_exceeded`, without looking, for an address that has guessed too often.
        """
        wait_s = self.wait_s(address, at)
        if given and wait_s:
            raise GatewayError("rate_limit_exceeded", "too many wrong tokens from this address", retry_after_s=wait_s)
        found = find(given)
        if given and found is None:
            self.wrong(address, at)
        return found

    def wait_s(self, address: str, at: float) -> float:
        """How long this address has to wait; 0: it may try. `at`: monotonic seconds."""
        left = self._left_now(_network(address), at)
        return 0.0 if left >= 1 else (1 - left) * REFILL_S

    def wrong(self, address: str, at: float) -> None:
        """It guessed."""
        network = _network(address)
        left = self._left_now(network, at)
        self._left.pop(network, None)  # the last that guessed stands last
        while len(self._left) >= MOST_ADDRESSES:
            del self._left[next(iter(self._left))]
        self._left[network] = (left - 1, at)

    def _left_now(self, network: str, at: float) -> float:
        left, then = self._left.get(network, (float(BURST), at))
        return min(float(BURST), left + (at - then) / REFILL_S)


def _network(address: str) -> str:
    """An IPv6 caller has a whole /64 to guess from."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
