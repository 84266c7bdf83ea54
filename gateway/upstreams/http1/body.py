"""Bodies that are worth some waiting, not all."""

from __future__ import annotations

from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1.reply import Reply


async def read_most(reply: Reply, limit: int, *, by: float) -> bytes | None:
    """The whole body if it is there in time, uncut and not longer than `limit` bytes; otherwise None."""
    blocks, size = [], 0
    try:
        while block := await reply.next_by(by):
            blocks.append(block)
            size += len(block)
            if size > limit:
                break
    except UpstreamFault:
        pass
    whole = reply.complete and size <= limit
    reply.close()
    return b"".join(blocks) if whole else None
