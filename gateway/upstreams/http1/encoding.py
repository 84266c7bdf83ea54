"""A body that came compressed although nobody asked for it: gzip and deflate are read like by any client."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from gateway.upstreams.fault import UpstreamFault

MOST_AT_ONCE = 16_000_000  # bytes that one piece may become
_AUTO = 47  # zlib's word for: gzip or zlib, whichever the header says
_KNOWN = frozenset({b"gzip", b"x-gzip", b"deflate"})


class Decoder:
    """Of one body. Raises UpstreamFault."""

    def __init__(self, coding: bytes):
        self._zlib = zlib.decompressobj(_AUTO)
        self._may_be_raw = coding == b"deflate"  # some servers leave the zlib header out

    def feed(self, data: bytes) -> bytes:
        """What the next piece becomes."""
        try:
            out = self._zlib.decompress(data, MOST_AT_ONCE)
        except zlib.error:
            if not self._may_be_raw:
                raise UpstreamFault("protocol", "the compressed body is damaged") from None
            self._may_be_raw, self._zlib = False, zlib.decompressobj(-zlib.MAX_WBITS)
            return self.feed(data)
        self._may_be_raw = False
        if self._zlib.unconsumed_tail:
            raise UpstreamFault("protocol", f"a piece of the compressed body is longer than {MOST_AT_ONCE} bytes")
        return out

    @property
    def whole(self) -> bool:
        """Its last byte has come."""
        return self._zlib.eof


def decoder_of(headers: Sequence[tuple[bytes, bytes]]) -> Decoder | None:
    """None if the body is as it is. Raises UpstreamFault for a coding that we cannot read."""
    said = b",".join(value for name, value in headers if name == b"content-encoding").lower()
    codings = [coding for each in said.split(b",") if (coding := each.strip()) not in (b"", b"identity")]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in _KNOWN:
        named = b", ".join(codings)[:40].decode("latin-1")
        raise UpstreamFault("protocol", f"the body is compressed ({named}), which nobody asked for")
    return Decoder(codings[0])
