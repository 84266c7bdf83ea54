"""Personal data of a recognisable form: numbers with check digits, phones, mailboxes, machines; no names or streets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Final

from gateway.signals.escapes import unescaped
from gateway.signals.invisible import places, visible
from gateway.signals.pii import address, groups, money, national_ids, phone
from gateway.signals.pii.finding import KINDS, Finding
from gateway.signals.pii.pieces import seams
from gateway.signals.pii.taken import Found, Taken
from gateway.signals.seen import Seen
from gateway.signals.text import Text
from gateway.signals.value import UNKNOWN, Unknown

__all__ = ["KINDS", "Finding", "find", "measure"]

_MOST_CLUSTERS: Final = 3_000  # of digits in one request: a table of figures beyond it makes the signal unknown
_CHARS: Final = 20  # of a long cluster that count as one more
_MOBILE: Final = "9" * 11
_ALONE: Final = groups.LONGEST + 4  # characters of the longest text that is but a number

Cluster = tuple[int, int]


def find(text: str) -> list[Finding]:
    """What stands in the text, in order; where two readings overlap, the more certain one."""
    plain = groups.plain(visible(text)[0])
    found = sorted(_findings(plain, list(_clusters(plain))), key=lambda finding: finding.start)
    if text.isascii() or len(plain) == len(text):
        return found
    at = places(text)
    return [Finding(finding.kind, at[finding.start], at[finding.end - 1] + 1) for finding in found]


def measure(text: Text) -> frozenset[str] | Unknown:
    """The kinds found; unknown if a part of the request cannot be read or holds too many numbers."""
    if not text.readable:
        return UNKNOWN
    kinds: set[str] = set()
    left = _MOST_CLUSTERS
    for passage in text.passages[:-1]:
        found, numbers = _earlier.of(passage)
        left -= numbers
        if found is None or left < 0:
            return UNKNOWN
        kinds |= found
    last = [groups.plain(passage.text) for passage in text.passages[-1:]]
    in_turn = [groups.plain(passage.text) for passage in text.passages if not passage.beside]
    found, _ = _found(chain(_views(last), seams(in_turn)), left, kinds)
    return UNKNOWN if found is None else found


def _look(text: str) -> tuple[frozenset[str] | None, int]:
    """The kinds in one passage, None if it holds too many numbers, and how many those count for."""
    return _found(_views([groups.plain(text)]), _MOST_CLUSTERS, ())


_earlier: Final = Seen(_look)


def _views(said: list[str]) -> Iterable[str]:
    """The texts, and what their escapes say."""
    return chain(said, map(groups.plain, filter(None, map(unescaped, said))))


def _found(pieces: Iterable[str], most: int, known: Iterable[str]) -> tuple[frozenset[str] | None, int]:
    """What `known` and the pieces hold together; None, known before anything is checked, beyond `most` numbers."""
    left = most
    looked_at: list[tuple[str, list[Cluster]]] = []
    for piece in pieces:
        clusters = list(islice(_clusters(piece), left + 1))
        left -= sum(1 + (end - start) // _CHARS for start, end in clusters)
        if left < 0:
            return None, most
        looked_at.append((piece, clusters))
    kinds = set(known)
    for piece, clusters in looked_at:
        kinds.update(finding.kind for finding in _findings(piece, clusters, known=kinds))
    return frozenset(kinds), most - left


def _clusters(text: str) -> Iterator[Cluster]:
    return groups.clusters(text) if groups.holds_digits(text) else iter(())


def _findings(text: str, clusters: Sequence[Cluster], known: set[str] | None = None) -> list[Finding]:
    """All of them; with `known`, a set that grows, phones only until there is one: they take most of the time."""
    found = list(address.emails(text)) if "@" in text else []
    if "::" in text or text.count(":") >= 7:
        found.extend(address.ipv6(text))
    if groups.holds_digits(text):
        if text.count(".") >= 3:
            found.extend(address.ipv4(text))
        found.extend(money.ibans(text))
    if not found and not clusters:
        return found
    named, before = Found(found), list[Finding]()  # `before`: in clusters that reach into the next one
    for start, end in clusters:
        before = [finding for finding in before if finding.end > start]
        taken = [*named.within(start, end), *(finding for finding in before if finding.start < end)]
        if not any(f.start <= start and end <= f.end for f in taken):
            more = list(_numbers(text, start, end, taken, phones=known is None or "phone" not in known))
            found += more
            before += more
            if known is not None:
                known.update(finding.kind for finding in more)
    return found


def _numbers(text: str, start: int, end: int, taken: list[Finding], *, phones: bool) -> Iterator[Finding]:
    """Numbers of one cluster, the most certain kinds first; none overlaps another."""
    claimed = Taken((finding.start, finding.end) for finding in taken)
    near: bool | None = None

    def worded() -> bool:
        nonlocal near
        if near is None:
            near = national_ids.is_worded(text, start, end)
        return near

    def provable(shape: str, form: str) -> bool:
        return _is_proof(shape, form) or len(text) <= _ALONE or worded()

    reached = start
    for candidate in groups.candidates(text, start, end, worth, provable):
        if candidate.start < reached or (taken and not claimed.free(candidate.start, candidate.end)):
            continue
        kind = _kind(text, candidate, worded)
        if kind:
            reached = candidate.end
            claimed.take(candidate.start, candidate.end)
            yield Finding(kind, candidate.start, candidate.end)
    if phones:
        for left, right in claimed.between(start, end):
            yield from (found for found in phone.phones(text, left, right) if claimed.free(found.start, found.end))


@lru_cache(maxsize=4096)
def worth(shape: str) -> groups.Worth:
    """Whether some kind of number is written so, and whether one is that begins so."""
    digits = not shape.strip("9")
    is_iban, may_be = len(shape) >= 15 and shape.startswith("AA99"), shape.startswith("AA99"[: len(shape)])
    return groups.Worth(
        shape in national_ids.BY_SHAPE or (digits and 12 <= len(shape) <= 19) or is_iban,
        may_be or (digits and len(shape) < 19) or any(known.startswith(shape) for known in national_ids.BY_SHAPE),
    )


@lru_cache(maxsize=4096)
def _is_proof(shape: str, form: str) -> bool:
    """Whether something written in this form may need no word near it."""
    if len(shape) >= 15 and shape.startswith("AA99"):
        return True
    return bool(money.CARD_FORM.fullmatch(form) or national_ids.certain(shape, form))


def _kind(text: str, candidate: groups.Candidate, worded: Callable[[], bool]) -> str | None:
    shape = candidate.shape
    if len(shape) >= 15 and shape.startswith("AA99"):
        return "iban" if money.is_iban(candidate) else None
    if 12 <= len(shape) <= 19 and candidate.compact.isdecimal() and money.is_card(text, candidate):
        return "card"
    if shape == _MOBILE and candidate.compact[0] == "0" and phone.is_mobile(candidate.compact):
        return None
    return "national_id" if national_ids.is_national_id(text, candidate, worded) else None
