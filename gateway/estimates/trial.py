"""What has been counted of one canary: plain counts, never aged, because it stops for good. Pure."""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH = 30  # replies, or attempts: below it no rate is read off


@dataclass(frozen=True, slots=True)
class Trial:
    """Attempts of one canary, but for those that the caller left."""

    tried: int = 0
    failed: int = 0
    refused: int = 0  # declined, evaded, filtered or blank, where the policy did not want that

    def rate(self, name: str) -> float | None:
        """`refusal_rate` of the replies, `failure_rate` of the attempts; None: not enough of them."""
        count, of = (self.refused, self.tried - self.failed) if name == "refusal_rate" else (self.failed, self.tried)
        return count / of if of >= ENOUGH else None

    def with_one(self, *, failed: bool, refused: bool) -> Trial:
        return Trial(self.tried + 1, self.failed + failed, self.refused + refused)


NOT_TRIED = Trial()
