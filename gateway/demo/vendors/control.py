"""The control port: what reached the vendors, and what they shall do next."""

from __future__ import annotations

import json
from typing import Any

from gateway.demo.vendors import refusals
from gateway.demo.vendors.connection import Connection, Incoming, VendorListener
from gateway.demo.vendors.script import BadScript, act
from gateway.demo.vendors.vendor import Playing


class Control:
    """
    * GET /requests                                        per vendor: how many, and what is kept of each
    * POST /script {"vendor", "acts": […], "always": …}    what its next requests get
    * POST /shut, /open {"vendor"}                         its port refuses connections, or takes them again
    * POST /reset                                          forgets requests, caches and scripts, opens every port
    """

    def __init__(self, playing: dict[str, Playing], doors: dict[str, VendorListener]):
        self._playing = playing
        self._doors = doors

    async def serve(self, connection: Connection, incoming: Incoming) -> bool:
        try:
            status, said = 200, await self._do(f"{incoming.method} {incoming.path}", json.loads(incoming.body or b"{}"))
        except (BadScript, ValueError, KeyError) as wrong:
            status, said = 400, {"error": str(wrong)}
        body = json.dumps(said).encode()
        await connection.head(status, "application/json", {}, length=len(body))
        await connection.send(body)
        return True

    async def _do(self, what: str, given: dict[str, Any]) -> dict[str, Any]:
        if what == "GET /requests":
            return {id: {"count": each.count, "requests": list(each.requests)} for id, each in self._playing.items()}
        if what == "POST /script":
            self._script(self._known(given), given)
        elif what == "POST /shut":
            self._doors[self._known(given)].shut()
        elif what == "POST /open":
            await self._doors[self._known(given)].open()
        elif what == "POST /reset":
            await self._reset()
        else:
            raise BadScript(f"no such thing as {what}")
        return {}

    def _script(self, vendor: str, given: dict[str, Any]) -> None:
        acts = [act(each) for each in given.get("acts", [])]
        always = act(given["always"]) if given.get("always") else None
        for each in (*acts, always):
            if each is not None and each.no not in (None, *refusals.WAYS):
                raise BadScript(f"`no` is one of {', '.join(refusals.WAYS)}")
        self._playing[vendor].script.acts.extend(acts)
        self._playing[vendor].script.always = always

    async def _reset(self) -> None:
        for playing in self._playing.values():
            playing.script.acts.clear()
            playing.script.always = None
            playing.requests.clear()
            playing.cached.clear()
            playing.count = 0
        for door in self._doors.values():
            await door.open()

    def _known(self, given: dict[str, Any]) -> str:
        vendor = str(given.get("vendor"))
        if vendor not in self._playing:
            raise BadScript(f"no vendor is called {vendor}; known: {', '.join(self._playing)}")
        return vendor
