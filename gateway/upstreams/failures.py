"""What a failed attempt means: where to go next, what the caller may be told. Pure; vendors' quirks are data rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from gateway.catalog.moderation import classify as moderated
from gateway.catalog.moderation import matches
from gateway.catalog.rows import ModerationSignal
from gateway.errors import GatewayError
from gateway.outcome.outcome import Result
from gateway.outcome.reading import Reading
from gateway.outcome.wire import document_of
from gateway.upstreams.complaint import Complaint, relayed
from gateway.upstreams.failure_rows import by_status, row_of
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.retry_after import retry_after_s

DEFAULT_REST_S = 1.0  # of an endpoint that says 429 and not for how long
# These say nothing about the endpoint.
REQUEST_AT_FAULT = frozenset({"bad_request", "moderation", "context", "unsupported", "bad_tool_call"})
PASSING = frozenset(
    {"connect", "tls", "closed", "protocol", "upstream_error", "overloaded"}
)  # the next try may be luckier
WITHDRAWN = frozenset({"forbidden", "frozen", "stopped"})  # we take our request back
OURS = frozenset({"our_key", "our_balance", "not_found"})  # our key or our catalogue: an operator has to act
MOST_MESSAGE_CHARS = 2000
MOST_TEXT_CHARS = 8192  # of an error body in which a filter's words are looked for
MOST_GENERATION_CHARS = 20_000  # of what a model wrote in the place of a tool call
_TOLD = frozenset({"rate_limited", "overloaded"})
MOST_TOLD_CHARS = 200
_PRIVATE = re.compile(r"\S*(?:://|@)\S*|\b[A-Za-z]{1,12}[-_][\w-]*\d[\w-]{5,}|\b(?=\w*\d)\w{12,}")
_RELAYED = frozenset({"context", "unsupported", "rate_limited", "overloaded", "timeout", "bad_tool_call"})
_OF_MEANING = {"overloaded": "overloaded", "context": "context", "malformed": "bad_tool_call"}


class PassedThrough(GatewayError):
    """The vendor's own status and message, and what else of its error a caller can use."""

    def __init__(self, status: int, message: str, param: str | None, beside: dict[str, object] | None = None):
        super().__init__("request_too_large" if status == 413 else "invalid_request", message, param=param)
        self._status = status
        self.beside = beside or {}

    @property
    def status(self) -> int:
        return self._status


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt gave no reply that may be handed out. `detail` holds no text of the vendor unless it passes."""

    kind: str  # one of fault.FaultKind, or of the kinds in failure_rows
    detail: str
    outcome: Result = "failed"
    status: int | None = None
    retry_after_s: float | None = None
    passes_through: bool = False  # the caller gets this status and message if nobody answers
    final: bool = False  # the request itself is at fault: every other endpoint would say so too
    counts_against_endpoint: bool = True
    param: str | None = None
    code: str | None = None  # the vendor's word for it, if it passes through
    failed_generation: str | None = None  # what the model wrote in the place of a tool call
    ask_again: bool = False  # without what we had added, which the vendor does not take
    words: str = ""  # the vendor's own, for the caller whose stream it broke; in no log

    def as_error(self) -> GatewayError:
        """What the caller sees when it passes through."""
        beside: dict[str, object] = {"code": self.code} if self.code else {}
        if self.failed_generation is not None:
            beside["failed_generation"] = self.failed_generation
        return PassedThrough(self.status or 400, self.detail, self.param, beside)


def succeeded(status: int | None) -> bool:
    """Any of 2xx: some relays say that they created a completion."""
    return status is not None and 200 <= status < 300


def of_fault(fault: UpstreamFault) -> Failure:
    """No whole reply came."""
    return Failure(fault.kind, fault.detail, counts_against_endpoint=fault.kind not in {*WITHDRAWN, "adapter"})


def of_reading(
    rows: Sequence[ModerationSignal], operator: str, reading: Reading, *, ended: bool = False
) -> Failure | None:
    """An error inside HTTP 200; None if there is none. `ended`: nothing follows any more."""
    if reading.complaint is not None:
        return _inside(rows, operator, reading.complaint)
    if reading.broken:
        return _broken_off(reading)
    if ended and reading.said and reading.empty and not reading.finished and reading.signal is None:
        return Failure("upstream_error", "the reply ended without a word and without a finish reason")
    return None


def _broken_off(reading: Reading) -> Failure:
    """A finish reason by which the vendor says that it failed, not that it refused."""
    complaint = Complaint(codes=frozenset({reading.finish_reason or ""}))
    row = reading.signal
    if row is not None:
        kind = "overloaded" if row.retry else row_of(None, complaint, "") or "upstream_error"
    else:
        meaning = next(iter(reading.said)).meaning
        kind = _OF_MEANING.get(meaning or "", "upstream_error")
    return Failure(
        kind,
        f"the vendor broke the reply off ({reading.finish_reason})",
        status=200,
        counts_against_endpoint=kind not in REQUEST_AT_FAULT,
    )


def classify(
    rows: Sequence[ModerationSignal],
    operator: str,
    status: int,
    body: bytes,
    headers: Sequence[tuple[bytes, bytes]],
) -> Failure:
    """What a status other than 2xx means."""
    document: Any = document_of(body)
    text = body.decode(errors="replace")[:MOST_TEXT_CHARS] if document is None else _as_text(document)
    signal = _signal(rows, operator, (status,), document, text)
    if signal is not None:
        return _said_no(signal, status)
    complaint = Complaint.of(document) or Complaint(message=text.strip() if document is None else "")
    kind, told = _kind_of(status, complaint, document, operator)
    return _failure(kind or by_status(status), status, told, headers)


def _inside(rows: Sequence[ModerationSignal], operator: str, body: object) -> Failure:
    # Inside a stream a vendor sends the object that it would else send with a status of its own.
    complaint = Complaint.of(body) or Complaint()
    said = complaint.status
    statuses = (200, 400) if said is None else (200, 400, said)
    signal = _signal(rows, operator, statuses, body, _as_text(body))
    if signal is not None:
        return _said_no(signal, 200)
    kind, told = _kind_of(said, complaint, body, operator)
    kind = kind or (by_status(said) if said is not None else "upstream_error")
    failure = _failure(kind, said or 200, told, ())
    if failure.passes_through:
        return failure
    words = _in_its_words(told.message) if kind == "upstream_error" else ""
    return replace(failure, detail=f"error inside a 200: {failure.detail}", words=words)


def _kind_of(status: int | None, complaint: Complaint, body: object, operator: str) -> tuple[str | None, Complaint]:
    """The kind, and whose words say so: an aggregator's own, or those of the vendor behind it."""
    behind = [told for inner in relayed(body) if (told := Complaint.of(inner)) is not None]
    for told in behind:
        kind = row_of(None, told, "")
        if kind in _RELAYED:
            return kind, told
    kind = row_of(status, complaint, operator)
    if behind and kind in (None, "bad_request"):
        return kind, behind[0]
    return kind, complaint


def _failure(kind: str, status: int, complaint: Complaint, headers: Sequence[tuple[bytes, bytes]]) -> Failure:
    if kind in ("bad_request", "too_large", "bad_tool_call"):
        message = complaint.message[:MOST_MESSAGE_CHARS] or f"the vendor answered {status} without a reason"
        generated = complaint.failed_generation
        return Failure(
            kind,
            message,
            status=status if status in (413, 422) else 400,
            passes_through=True,
            final=kind != "bad_tool_call",  # another model may call the tool rightly, and this one the next time
            counts_against_endpoint=False,
            param=complaint.param,
            code=complaint.code,
            failed_generation=generated[:MOST_GENERATION_CHARS] if generated is not None else None,
        )
    rest_s = None if kind in REQUEST_AT_FAULT else retry_after_s(headers)
    if kind == "rate_limited" and rest_s is None:
        rest_s = DEFAULT_REST_S
    return Failure(
        kind,
        f"HTTP {status}: {_WORDS.get(kind, 'the vendor failed')}" + _named(kind, complaint),
        status=status,
        retry_after_s=rest_s,
        counts_against_endpoint=kind not in REQUEST_AT_FAULT,
    )


_WORDS = {
    "our_key": "our key was not accepted",
    "our_balance": "our account there has no credit",
    "not_found": "it knows no such model or path",
    "rate_limited": "its rate limit is reached",
    "overloaded": "it is overloaded",
    "timeout": "it ran out of time",
    "context": "the request is longer than its context",
    "unsupported": "it does not support what the request needs",
}


def _named(kind: str, complaint: Complaint) -> str:
    name = f" ({complaint.name})" if complaint.name and kind not in OURS else ""
    return name + (_in_its_words(complaint.message) if kind in _TOLD else "")


def _in_its_words(message: str) -> str:
    """What a vendor says of its limits, without addresses, and without the names of our accounts there."""
    words = " ".join(_PRIVATE.sub("…", message).split())[:MOST_TOLD_CHARS]
    return f": {words}" if words else ""


def _said_no(signal: ModerationSignal, status: int) -> Failure:
    if signal.outcome == "failed":
        return Failure("overloaded" if signal.retry else "upstream_error", signal.id, status=status)
    detail = f"the content filter of {signal.vendor} said no ({signal.id})"
    return Failure("moderation", detail, outcome=signal.outcome, status=status, counts_against_endpoint=False)


def _signal(
    rows: Sequence[ModerationSignal], operator: str, statuses: Sequence[int], body: object, text: str
) -> ModerationSignal | None:
    for status in statuses:
        found = moderated(rows, operator=operator, status=status, body=body, text=text)
        if found is not None:
            return found
    for inner in relayed(body):
        words = _as_text(inner)
        for row in rows:
            status = next((each for each in (400, *statuses) if each in row.statuses), 400)
            if row.conditions and matches(row, status=status, body=inner, text=words):
                return row
    return None


def _as_text(document: object) -> str:
    """The document with every letter as it is: some vendors escape all that is not ASCII."""
    return msgspec.json.encode(document).decode(errors="replace")[:MOST_TEXT_CHARS]
