"""The vendors' own process, from outside: start it, ask what reached it, tell it what to do."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.demo import child


@dataclass(frozen=True, slots=True)
class Vendors:
    """The running process."""

    child: child.Child

    @property
    def base_urls(self) -> dict[str, str]:
        """By vendor: where it speaks OpenAI."""
        return {vendor: f"http://127.0.0.1:{port}/v1" for vendor, port in self.child.ready["ports"].items()}

    def requests(self, vendor: str) -> list[dict[str, Any]]:
        """What reached a vendor since the last reset, hashed, in order."""
        found: list[dict[str, Any]] = self._ask("GET", "/requests")[vendor]["requests"]
        return found

    def script(self, vendor: str, *acts: dict[str, Any], always: dict[str, Any] | None = None) -> None:
        """Its next requests get these acts (script.Act), one each; all later ones `always`."""
        self._ask("POST", "/script", {"vendor": vendor, "acts": acts, "always": always})

    def shut(self, vendor: str) -> None:
        """Its port refuses connections and running ones are reset."""
        self._ask("POST", "/shut", {"vendor": vendor})

    def open(self, vendor: str) -> None:
        self._ask("POST", "/open", {"vendor": vendor})

    def reset(self) -> None:
        """As they were at the start."""
        self._ask("POST", "/reset")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.child.ready["control"], timeout=10)
        try:
            connection.request(method, path, json.dumps(body or {}))
            reply = connection.getresponse()
            said = json.loads(reply.read())
        finally:
            connection.close()
        if reply.status != 200:
            raise ValueError(said["error"])
        return said


def start(*, log: Path, pace: float = 1.0, seed: int = 1, only: Sequence[str] = ()) -> Vendors:
    """All vendors, or `only` some of them. Raises child.NotStarted."""
    arguments = ["--pace", str(pace), "--seed", str(seed), *(part for vendor in only for part in ("--only", vendor))]
    return Vendors(child.start("the simulated vendors", "gateway.demo.vendors", arguments, log=log, patience_s=60))
