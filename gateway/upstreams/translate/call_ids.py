"""The ids of tool calls in a conversation, as Messages and Responses take them: of 64 plain characters at most."""

from __future__ import annotations

import re
from hashlib import sha256

from gateway.upstreams.translate.reading import wrong

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class CallIds:
    """One that the upstream would refuse, or that stood before, is written anew, alike in every request."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, str]] = {}  # that wait for a result, by the caller's id
        self._taken: set[str] = set()

    def begin(self, id: str, name: str, path: str) -> str:
        """The id that a call goes up with. Raises GatewayError for one that another open call has."""
        if not id or id in self._open:
            raise wrong(path, "an id of its own")
        made, seed = id, id
        while made in self._taken or not _ID.fullmatch(made):
            made, seed = f"call_{sha256(seed.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}", f"{seed}'"
        self._taken.add(made)
        self._open[id] = made, name
        return made

    def end(self, id: str, path: str) -> tuple[str, str]:
        """The id that its result goes up with, and its tool. Raises GatewayError where no call waits for a result."""
        if id not in self._open:
            raise wrong(path, "the id of a call that waits for its result")
        return self._open.pop(id)
