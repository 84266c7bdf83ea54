"""What a reply of one operator is watched for: the catalogue's moderation rows that a 200 may show. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.catalog.moderation import matches
from gateway.catalog.rows import Condition, ModerationSignal

_FINISH = "choices[].finish_reason"
_KEPT = 512  # watches kept: one an operator and catalogue


@dataclass(frozen=True, slots=True)
class Watch:
    """`marks` are field names, quoted: a document of this operator that holds one is read in full for its `flags`."""

    flags: tuple[ModerationSignal, ...] = ()
    finishes: tuple[ModerationSignal, ...] = ()
    marks: tuple[bytes, ...] = ()

    def flag(self, document: object) -> ModerationSignal | None:
        """The row that a document with choices matches by a field beside them."""
        return next((row for row in self.flags if matches(row, status=200, body=document, text="")), None)

    def finish(self, reason: str) -> ModerationSignal | None:
        """The row that this finish reason matches."""
        body = {"choices": [{"finish_reason": reason}]}
        return next((row for row in self.finishes if matches(row, status=200, body=body, text="")), None)


_watches: dict[tuple[int, str], tuple[Sequence[ModerationSignal], Watch]] = {}


def watch_for(rows: Sequence[ModerationSignal], operator: str) -> Watch:
    """Made once for a catalogue and an operator."""
    key = (id(rows), operator)
    found = _watches.get(key)
    if found is None or found[0] is not rows:
        if len(_watches) >= _KEPT:
            _watches.clear()
        found = _watches[key] = (rows, _watch(rows, operator))
    return found[1]


def _watch(rows: Sequence[ModerationSignal], operator: str) -> Watch:
    fitting = [row for row in rows if _may_fit(row, operator)]
    fitting.sort(key=lambda row: operator not in row.operators)
    finishes = tuple(row for row in fitting if [each.path for each in row.conditions] == [_FINISH])
    flags = tuple(row for row in fitting if row not in finishes and all(map(_beside, row.conditions)))
    # Rows of any operator are looked for where a document is read in full anyway: a search in every event is not free.
    own = [row for row in flags if operator in row.operators]
    marks = {b'"%b"' % _name(row.conditions[0]).encode() for row in own}
    return Watch(flags, finishes, tuple(sorted(marks)))


def _may_fit(row: ModerationSignal, operator: str) -> bool:
    here = operator in row.operators or not row.operators
    return here and bool(row.conditions) and (not row.statuses or 200 in row.statuses)


def _beside(condition: Condition) -> bool:
    """Told by a field of an answer, not by a text or an error."""
    return condition.path.partition(".")[0] not in ("text", "error", "base_resp")


def _name(condition: Condition) -> str:
    """The field that a document must hold, in its innermost list."""
    return condition.path.rpartition("[].")[2].partition(".")[0].removesuffix("[]")
