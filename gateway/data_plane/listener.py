"""Where callers come in: the port that all processes accept from, each worker's door at it, and the end of both."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from mmap import mmap
from typing import Any

from gateway.data_plane.connections import Guests
from gateway.data_plane.protocol import ServerProtocol
from gateway.processes.tls import ListenerTls

AT_ONCE = 16  # connections taken in before the loop looks at anything else
HANDSHAKE_S = 10.0  # for a caller to agree on TLS
FAREWELL_S = 2.0  # for it to answer the end of it
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_LOOK_S = 1.0  # between two looks at who is there
_TELL_S = 60.0  # between two complaints
_REST_S = 0.1  # of the door when there is no descriptor for another caller
_log = logging.getLogger("gateway")


class Listener:
    """The listening socket; made before the parent forks. Closing it in one process leaves it open in the others."""

    def __init__(self, plug: socket.socket):
        self.plug = plug
        self._ending = mmap(-1, 1)  # shared by all processes

    @property
    def ending(self) -> bool:
        """All processes are being stopped, not one worker alone."""
        return self._ending[0] == 1

    def tell(self) -> None:
        """Says to every process that whoever closes its door ends the listening of all."""
        self._ending[0] = 1

    def end(self) -> None:
        """Nobody can connect any more, to any process; who was not taken in is reset."""
        with suppress(OSError):  # of a system that knows no such thing, or another process was quicker
            self.plug.shutdown(socket.SHUT_RDWR)
        self.plug.close()


class Acceptor:
    """Takes in callers for one worker, until it closes. uvloop's own servers end for good when descriptors run out."""

    def __init__(
        self,
        listener: Listener,
        guests: Guests,
        protocol: Callable[[], ServerProtocol],
        tls: ListenerTls | None = None,
    ):
        self._listener = listener
        self._tls = tls
        self._guests = guests
        self._protocol = protocol
        self._entering: set[asyncio.Task[None]] = set()
        self._open = False
        self._told_at = float("-inf")  # that descriptors ran out

    def open(self) -> None:
        """From here on callers are taken in; called in the event loop."""
        asyncio.get_running_loop().call_later(_LOOK_S, self._look)
        self._wake()

    def close(self) -> None:
        """Takes in who has come, and nobody after. A worker that is stopped alone leaves the port to the others."""
        if self._listener.plug.fileno() < 0:
            return
        if not self._listener.ending:
            self._shut()
            self._listener.plug.close()
            return
        while self._open and self._take_in():
            pass
        self._shut()
        self._listener.end()

    def _wake(self) -> None:
        if not self._open and self._listener.plug.fileno() >= 0:
            self._open = True
            asyncio.get_running_loop().add_reader(self._listener.plug.fileno(), self._take_in)

    def _shut(self) -> None:
        if self._open:
            self._open = False
            asyncio.get_running_loop().remove_reader(self._listener.plug.fileno())

    def _take_in(self) -> bool:
        """True: more may be waiting."""
        for _ in range(AT_ONCE):
            try:
                plug, address = self._listener.plug.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._stumble(error)
                return False
            self._seat(plug, address[0])
        return True

    def _seat(self, plug: socket.socket, host: str) -> None:
        guest = self._protocol()
        if not self._guests.enter(guest, host):
            if not self._guests.refuse(guest):
                plug.close()
                return
            guest.turn_away()
        plug.setblocking(False)
        guest.entering = task = asyncio.get_running_loop().create_task(self._enter(plug, guest))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def _enter(self, plug: socket.socket, guest: ServerProtocol) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: guest, plug, **self._security())
        except (OSError, asyncio.CancelledError):  # gone already, speaks no TLS that we do, or makes room for others
            plug.close()
            self._guests.leave(guest)

    def _security(self) -> dict[str, Any]:
        """Of the next connection: it is none, and costs nobody else anything, until TLS is agreed upon."""
        if self._tls is None:
            return {}
        return {"ssl": self._tls.context, "ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": FAREWELL_S}

    def _look(self) -> None:
        """At everybody, once a second, and on while the server drains."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._tls is not None:
            loop.run_in_executor(None, self._tls.look)  # a disk that hangs stops nobody
        for guest in self._guests:
            guest.look(now)
        loop.call_later(_LOOK_S, self._look)

    def _stumble(self, error: OSError) -> None:
        """Either there is no descriptor for another caller, or another process has ended the listening."""
        self._shut()
        if error.errno not in _FULL:
            return
        loop = asyncio.get_running_loop()
        if loop.time() - self._told_at > _TELL_S:
            self._told_at = loop.time()
            _log.error("no descriptor is left for another caller: %s; raise the limit of open files", error.strerror)
        loop.call_later(_REST_S, self._wake)
