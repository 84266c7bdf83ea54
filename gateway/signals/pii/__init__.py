"""Personal data of a recognisable form: numbers with check digits, phones, mailboxes, machines; no names or streets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final

from gateway.signals.pii import address, groups, money, national_ids, phone
from gateway.signals.pii.finding import KINDS, Finding
from gateway.signals.text import Text
from gateway.signals.value import UNKNOWN, Unknown

__all__ = ["KINDS", "Finding", "find", "measure"]

_MOST_CLUSTERS: Final = 3_000  # of digits in one request: a table of figures beyond it makes the signal unknown
_SEAM_CHARS: Final = 24  # on either side of where one passage ends and the next begins
_CHARS: Final = 20  # of a long cluster that count as one more


class _TooMuch(Exception):
    """The text holds more numbers than there is time to check."""


def find(text: str) -> list[Finding]:
    """What stands in the text, in order; where two readings overlap, the more certain one."""
    return sorted(_findings(groups.plain(text), [10**9]), key=lambda finding: finding.start)


def measure(text: Text) -> frozenset[str] | Unknown:
    """The kinds found; unknown if a part of the request cannot be read or holds too many numbers."""
    if not text.readable:
        return UNKNOWN
    found: set[str] = set()
    left = [_MOST_CLUSTERS]
    try:
        said = [groups.plain(passage.text) for passage in text.passages]
        for piece in (*said, *_seams(said)):
            found.update(finding.kind for finding in _findings(piece, left))
    except _TooMuch:
        return UNKNOWN
    return frozenset(found)


def _seams(said: Sequence[str]) -> Iterator[str]:
    """Where one passage ends and the next begins with a digit: a number may be split over them."""
    for at in range(len(said) - 1):
        run = [said[at][-_SEAM_CHARS:]]
        for following in said[at + 1 :]:
            if not (run[-1][-1:].isdigit() and following[:1].isdigit()):
                break
            run.append(following[:_SEAM_CHARS])
            if len(following) > _SEAM_CHARS:
                break
        if len(run) > 1:
            yield " ".join(run)


def _findings(text: str, left: list[int]) -> list[Finding]:
    found = list(address.emails(text)) if "@" in text else []
    if "::" in text or text.count(":") >= 7:
        found.extend(address.ipv6(text))
    if not groups.holds_digits(text):
        return found
    if text.count(".") >= 3:
        found.extend(address.ipv4(text))
    for start, end in groups.clusters(text):
        left[0] -= 1 + (end - start) // _CHARS
        if left[0] < 0:
            raise _TooMuch
        taken = [finding for finding in found if finding.end > start and finding.start < end]
        if not any(f.start <= start and end <= f.end for f in taken):
            found.extend(_numbers(text, start, end, taken))
    return found


def _numbers(text: str, start: int, end: int, taken: list[Finding]) -> Iterator[Finding]:
    """Numbers of one cluster, the most certain kinds first; none overlaps another."""
    claimed = [(finding.start, finding.end) for finding in taken]
    worded = cache(lambda: national_ids.is_worded(text, start, end))

    def free(left: int, right: int) -> bool:
        return all(right <= begin or stop <= left for begin, stop in claimed)

    reached = start
    for candidate in groups.candidates(text, start, end, _is_worth_a_check):
        if candidate.start < reached or (taken and not free(candidate.start, candidate.end)):
            continue
        kind = _kind(text, candidate, worded)
        if kind:
            reached = candidate.end
            claimed.append((candidate.start, candidate.end))
            yield Finding(kind, candidate.start, candidate.end)
    for finding in phone.phones(text, start, end):
        if free(finding.start, finding.end):
            yield finding


def _is_worth_a_check(shape: str) -> bool:
    """Whether some kind of number is written so."""
    if shape in national_ids.BY_SHAPE:
        return True
    return (12 <= len(shape) <= 19 and shape.strip("9") == "") or (len(shape) >= 15 and shape.startswith("AA99"))


def _kind(text: str, candidate: groups.Candidate, worded: Callable[[], bool]) -> str | None:
    shape = candidate.shape
    if len(shape) >= 15 and shape.startswith("AA99"):
        return "iban" if money.is_iban(candidate) else None
    if 12 <= len(shape) <= 19 and shape.strip("9") == "" and money.is_card(text, candidate):
        return "card"
    if shape == "9" * 11 and candidate.compact[0] == "0" and phone.is_mobile(candidate.compact):
        return None
    return "national_id" if national_ids.is_national_id(text, candidate, worded) else None
