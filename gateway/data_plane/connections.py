"""Who is connected: a bound in all and for each address. Who has shown no key makes room for who has just come."""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Protocol

_MOST_FILES = 65_536
_OURS = 128  # descriptors for the ledger, the policy, the log …
_REFUSED_AT_ONCE = 32  # callers that are told so in words while there is no room


class Guest(Protocol):
    """A caller's connection."""

    @property
    def busy(self) -> bool:
        """A request is being served."""

    def look(self, now: float) -> None:
        """Ends what has lasted too long."""

    def abort(self) -> None:
        """Cuts it off."""


def most_guests() -> int:
    """Connections that the limit of open files allows one worker, each with one to an upstream. Raises that limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    files = _MOST_FILES if soft == resource.RLIM_INFINITY else min(soft, _MOST_FILES)
    return max(16, (files - _OURS) // 2)


class Guests:
    """`most` in all, three quarters of them from one address (of IPv6: one network of 64 bits)."""

    def __init__(self, most: int):
        self._most = most
        self._most_each = max(1, most * 3 // 4)
        self._all: dict[Guest, str] = {}
        self._each: defaultdict[str, int] = defaultdict(int)
        self._strangers: defaultdict[str, dict[Guest, None]] = defaultdict(dict)  # by address, the oldest first
        self._refused: set[Guest] = set()

    def __iter__(self) -> Iterator[Guest]:
        return iter((*self._all, *self._refused))

    def enter(self, guest: Guest, host: str) -> bool:
        """False: there is no room."""
        address = _network(host)
        crowded = self._each[address] >= self._most_each
        if (crowded or len(self._all) >= self._most) and not self._make_room(address if crowded else None):
            return False
        self._all[guest] = address
        self._each[address] += 1
        self._strangers[address][guest] = None
        return True

    def refuse(self, guest: Guest) -> bool:
        """Of a guest for whom there is no room: there is time to tell it so."""
        if len(self._refused) >= _REFUSED_AT_ONCE:
            return False
        self._refused.add(guest)
        return True

    def admit(self, guest: Guest) -> None:
        """It has shown a good key: it need not make room for others."""
        if guest in self._all:
            self._forget_stranger(guest, self._all[guest])

    def leave(self, guest: Guest) -> None:
        """It is gone."""
        self._refused.discard(guest)
        address = self._all.pop(guest, None)
        if address is None:
            return
        self._forget_stranger(guest, address)
        self._each[address] -= 1
        if not self._each[address]:
            del self._each[address]

    def _make_room(self, address: str | None) -> bool:
        """By the oldest stranger of that address, or of the one that most strangers come from."""
        if address is None:
            address = max(self._strangers, key=lambda each: len(self._strangers[each]), default="")
        found = next((guest for guest in self._strangers.get(address, ()) if not guest.busy), None)
        if found is None:
            return False
        self.leave(found)
        found.abort()
        return True

    def _forget_stranger(self, guest: Guest, address: str) -> None:
        self._strangers[address].pop(guest, None)
        if not self._strangers[address]:
            del self._strangers[address]


def _network(host: str) -> str:
    """One customer of an IPv6 network has all of it."""
    if ":" not in host:
        return host
    address = ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped) if mapped else str(int(address) >> 64)
