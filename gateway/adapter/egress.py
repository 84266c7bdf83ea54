"""What the adapter process may connect to: hosts of endpoints that it was asked for, and where their logins are made.

A hook below every library: what a library means to fetch besides fails here.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

_FAR = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32")  # metadata services of clouds
_NEVER = tuple(ipaddress.ip_network(network) for network in _FAR)


class Egress:
    """One a process."""

    def __init__(self) -> None:
        self._hosts: set[str] = set()
        self._addresses: set[str] = set()
        self._resolve = socket.getaddrinfo

    def allow(self, host: str) -> None:
        """A name or an address, from now on. Raises ValueError for a metadata service."""
        name = host.strip("[]").lower().rstrip(".")
        if _is_address(name):
            if _is_metadata(name):
                raise ValueError("that is a metadata service")
            self._addresses.add(name)
        self._hosts.add(name)

    def install(self) -> None:
        """For the whole process, and for good."""
        socket.getaddrinfo = self._getaddrinfo
        sys.addaudithook(self._hook)

    def _getaddrinfo(self, host: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or name.lower().rstrip(".") not in self._hosts:
            raise socket.gaierror(socket.EAI_NONAME, "the adapter connects to its endpoints alone")
        found = self._resolve(host, *rest, **more)
        kept = [each for each in found if not _is_metadata(str(each[4][0]))]
        if not kept:
            raise socket.gaierror(socket.EAI_NONAME, "the name leads to a metadata service")
        self._addresses.update(str(each[4][0]).partition("%")[0] for each in kept)
        return kept

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            to = args[-1]
            if isinstance(to, tuple) and str(to[0]).partition("%")[0] not in self._addresses:
                raise PermissionError("the adapter connects to its endpoints alone")
        elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"):
            raise PermissionError("the adapter starts no other process")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_metadata(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in _NEVER if network.version == (mapped or found).version)
