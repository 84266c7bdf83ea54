"""What a failed attempt means: where to go next, what the caller may be told. Pure; vendors' quirks are data rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from gateway.catalog.moderation import classify as moderated
from gateway.catalog.moderation import matches
from gateway.catalog.rows import ModerationSignal
from gateway.errors import GatewayError
from gateway.outcome.outcome import Result
from gateway.outcome.reading import Reading
from gateway.upstreams.complaint import Complaint, complaints_in, has_choices
from gateway.upstreams.failure_rows import by_status, row_of
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.retry_after import retry_after_s

DEFAULT_REST_S = 1.0  # of an endpoint that says 429 and not for how long
REQUEST_AT_FAULT = frozenset({"bad_request", "moderation", "context", "unsupported"})  # say nothing about the endpoint
OURS = frozenset({"our_key", "our_balance", "not_found"})  # our key or our catalogue: an operator has to act
MOST_MESSAGE_CHARS = 2000
_USUAL_FINISHES = frozenset({"stop", "length", "tool_calls", "function_call"})


class PassedThrough(GatewayError):
    """The vendor's own status and message."""

    def __init__(self, status: int, message: str, param: str | None):
        super().__init__("request_too_large" if status == 413 else "invalid_request", message, param=param)
        self._status = status

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
    passes_through: bool = False  # the request itself is at fault: the caller gets this status and message
    counts_against_endpoint: bool = True
    param: str | None = None

    def as_error(self) -> GatewayError:
        """What the caller sees when it passes through."""
        return PassedThrough(self.status or 400, self.detail, self.param)


def of_fault(fault: UpstreamFault) -> Failure:
    """No whole reply came."""
    return Failure(fault.kind, fault.detail)


def of_reading(rows: Sequence[ModerationSignal], operator: str, reading: Reading, opening: bytes) -> Failure | None:
    """An error inside HTTP 200, before anything went to the caller; None if there is none."""
    if reading.error is None and (not reading.empty or reading.finish_reason or has_choices(opening)):
        return _broken_off(rows, operator, reading.finish_reason)
    bodies: list[object] = [{"error": reading.error}] if reading.error is not None else []
    for body in (*bodies, *complaints_in(opening)):
        complaint = Complaint.of(body)
        if complaint is not None:
            return _inside(rows, operator, complaint, body)
    return None


def _broken_off(rows: Sequence[ModerationSignal], operator: str, finish_reason: str | None) -> Failure | None:
    """A finish reason by which the vendor says that it failed, not that it refused."""
    if finish_reason is None or finish_reason in _USUAL_FINISHES:
        return None
    signal = _signal(rows, operator, (200,), {"choices": [{"finish_reason": finish_reason}]}, "")
    if signal is None or signal.outcome != "failed":
        return None
    kind = "overloaded" if signal.retry else row_of(None, Complaint(codes=frozenset({finish_reason})))
    return _failure(kind or "upstream_error", 200, Complaint(codes=frozenset({finish_reason})), ())


def classify(
    rows: Sequence[ModerationSignal],
    operator: str,
    status: int,
    body: bytes,
    headers: Sequence[tuple[bytes, bytes]],
) -> Failure:
    """What a status other than 200 means."""
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    text = body.decode(errors="replace")
    signal = _signal(rows, operator, (status,), document, text)
    if signal is not None:
        return _said_no(signal, status)
    complaint = Complaint.of(document) or Complaint(message=text.strip())
    return _failure(row_of(status, complaint) or by_status(status), status, complaint, headers)


def _inside(rows: Sequence[ModerationSignal], operator: str, complaint: Complaint, body: object) -> Failure:
    # Inside a stream a vendor sends the object that it would else send with a status of its own.
    said = complaint.status
    statuses = (200, 400) if said is None else (200, 400, said)
    signal = _signal(rows, operator, statuses, body, complaint.message)
    if signal is not None:
        return _said_no(signal, 200)
    kind = row_of(said, complaint) or (by_status(said) if said is not None else "upstream_error")
    failure = _failure(kind, said or 200, complaint, ())
    return replace(failure, detail=f"error inside a 200: {failure.detail}") if not failure.passes_through else failure


def _failure(kind: str, status: int, complaint: Complaint, headers: Sequence[tuple[bytes, bytes]]) -> Failure:
    if kind in ("bad_request", "too_large"):
        message = complaint.message[:MOST_MESSAGE_CHARS] or f"the vendor answered {status} without a reason"
        shown = status if status in (413, 422) else 400
        return Failure(
            kind, message, status=shown, passes_through=True, counts_against_endpoint=False, param=complaint.param
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
    return f" ({complaint.name})" if complaint.name and kind not in OURS else ""


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
    for inner in _relayed(body):
        told = Complaint.of(inner)
        for row in rows:
            if row.conditions and matches(row, status=min(row.statuses, default=400), body=inner,
                                          text=told.message if told else ""):  # fmt: skip
                return row
    return None


def _relayed(body: object) -> Iterator[object]:
    """What an aggregator wraps: the error of the vendor behind it, without its status."""
    error = body.get("error") if isinstance(body, dict) else None
    metadata = error.get("metadata") if isinstance(error, dict) else None
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if isinstance(raw, str):
        try:
            raw = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return
    if isinstance(raw, dict):
        yield raw if "error" in raw else {"error": raw, **raw}
