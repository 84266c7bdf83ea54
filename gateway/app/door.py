"""Where callers come in: the port that all processes accept from, each worker's door at it, and the end of both."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from mmap import mmap

AT_ONCE = 16  # connections taken in before the loop looks at anything else
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
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


class Door:
    """Takes in callers for one worker, until it closes. uvloop's own servers end for good when descriptors run out."""

    def __init__(self, listener: Listener, protocol: Callable[[], asyncio.Protocol]):
        self._listener = listener
        self._protocol = protocol
        self._entering: set[asyncio.Task[None]] = set()
        self._open = False

    def open(self) -> None:
        """From here on callers are taken in; called in the event loop."""
        self._open = True
        asyncio.get_running_loop().add_reader(self._listener.plug.fileno(), self._take_in)

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

    def _shut(self) -> None:
        if self._open:
            self._open = False
            asyncio.get_running_loop().remove_reader(self._listener.plug.fileno())

    def _take_in(self) -> bool:
        """True: more may be waiting."""
        for _ in range(AT_ONCE):
            try:
                plug, _ = self._listener.plug.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._stumble(error)
                return False
            plug.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._enter(plug))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)
        return True

    async def _enter(self, plug: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, plug)
        except OSError:  # gone already
            plug.close()

    def _stumble(self, error: OSError) -> None:
        """Either there is no descriptor for another caller, or another process has ended the listening."""
        self._shut()
        if error.errno in _FULL:
            _log.error("no descriptor is left for another caller: %s; raise the limit of open files", error.strerror)
            asyncio.get_running_loop().call_later(_REST_S, self._wake)

    def _wake(self) -> None:
        if self._listener.plug.fileno() >= 0:
            self.open()
