"""Which stretches of a text are taken by what was found there, so that no character counts for two findings."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from gateway.signals.pii.finding import Finding

Stretch = tuple[int, int]


class Found:
    """Findings of a whole text; those that touch a stretch are found without looking at all of them."""

    def __init__(self, findings: Iterable[Finding]):
        self._all = sorted(findings, key=lambda finding: finding.start)
        self._starts = [finding.start for finding in self._all]
        self._longest = max((finding.end - finding.start for finding in self._all), default=0)

    def within(self, start: int, end: int) -> list[Finding]:
        """Those that share a character with `text[start:end]`."""
        first, last = bisect_left(self._starts, start - self._longest), bisect_left(self._starts, end)
        return [finding for finding in self._all[first:last] if finding.end > start]


class Taken:
    """Stretches apart from each other, in order; `free` and `take` cost no more for many."""

    def __init__(self, stretches: Iterable[Stretch]):
        self._apart: list[Stretch] = []
        for start, end in sorted(stretches):
            if self._apart and start < self._apart[-1][1]:
                start, end = self._apart[-1][0], max(end, self._apart.pop()[1])
            self._apart.append((start, end))

    def free(self, start: int, end: int) -> bool:
        """Whether nothing of it is taken."""
        before = bisect_left(self._apart, (end,)) - 1
        return before < 0 or self._apart[before][1] <= start

    def take(self, start: int, end: int) -> None:
        """A stretch that was free."""
        insort(self._apart, (start, end))

    def between(self, start: int, end: int) -> Iterator[Stretch]:
        """What is left of a stretch, so that a phone number is not read on into the number that follows it."""
        for begin, stop in self._apart:
            if begin > start:
                yield start, min(begin, end)
            start = max(start, stop)
        if start < end:
            yield start, end
