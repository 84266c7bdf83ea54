"""What can go wrong between us and an upstream, before any HTTP status tells."""

from __future__ import annotations

from typing import Literal

# adapter: the process that speaks its wire is not there, or has ended
# forbidden, frozen: nothing was sent, by the policy's word or for a freeze; stopped: a freeze ended what was under way
FaultKind = Literal[
    "connect", "tls", "pin", "timeout", "closed", "protocol", "adapter", "forbidden", "frozen", "stopped"
]


class UpstreamFault(Exception):
    """No whole reply came. The detail never holds a header, a body or a key."""

    def __init__(self, kind: FaultKind, detail: str):
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
