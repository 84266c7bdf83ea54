"""What carries a reply."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Carrier(Protocol):
    """What a reply needs of its connection."""

    peer: str
    certificate: str | None
    loop: asyncio.AbstractEventLoop

    def expect(self, by: float) -> None: ...
    def resume(self) -> None: ...
    def abort(self) -> None: ...
