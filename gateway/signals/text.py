"""What a request says, in the form that every text signal reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

SCANNED_CHARS = 1_000_000  # text beyond this bound is not read, which makes the text signals unknown
MOST_PASSAGES = 50_000  # of one request, empty ones and images too; more are not read either
DIGEST_BYTES = 16  # of SHA-256, for which processors have instructions


@dataclass(frozen=True, slots=True)
class Passage:
    """One piece of text of a request, in the order the caller sent them."""

    role: str  # system, user, assistant or tool (tool definitions, arguments and results)
    text: str
    beside: bool = field(default=False, compare=False)  # not said in turn: definitions, names, options
    _digest: bytes = field(default=b"", init=False, compare=False, repr=False)

    @property
    def digest(self) -> bytes:
        """Of its text, by which signals remember what they found in it; made once."""
        if not self._digest:
            object.__setattr__(self, "_digest", digest(self.text))
        return self._digest


@dataclass(frozen=True, slots=True)
class Text:
    """All text of one request: every message, system prompt, tool definition, tool argument and tool result."""

    passages: tuple[Passage, ...]
    readable: bool = True  # False: an image, audio, a file, stored state or text beyond the bound is part of it


def digest(text: str) -> bytes:
    """DIGEST_BYTES that stand for a text."""
    return sha256(text.encode(errors="surrogatepass")).digest()[:DIGEST_BYTES]


def digest_of_all(passages: Iterable[Passage], mark: bytes = b"") -> bytes:
    """Bytes that stand for the texts of several, one after the other; `mark`: for what of them."""
    digests = b"".join([passage.digest for passage in passages]) + mark
    return digests if len(digests) <= 4 * DIGEST_BYTES else sha256(digests).digest()[:DIGEST_BYTES]
