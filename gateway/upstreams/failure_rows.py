"""How vendors say why they failed, as rows: status, error code, text. The first row that fits names the kind.

* our_key, our_balance, not_found: our key or our catalogue is at fault; next endpoint, the vendor's text is never shown
* context, unsupported: this vendor cannot, another may; next endpoint
* rate_limited, overloaded, timeout, upstream_error: next endpoint
* bad_request, too_large: every vendor would say so; the caller gets status and message
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.upstreams.complaint import Complaint

_REQUEST = frozenset({400, 413, 422})
_ANY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """Fits if the status is one of `statuses` and a code or the text says so."""

    kind: str
    statuses: frozenset[int]  # empty: any, also an error inside a 200
    codes: frozenset[str] = frozenset()
    text: re.Pattern[str] | None = None
    own_codes: frozenset[str] = frozenset()


def _row(kind: str, statuses: frozenset[int], *, codes: str = "", text: str = "", own: str = "") -> Row:
    pattern = re.compile(text, re.IGNORECASE) if text else None
    return Row(kind, statuses, frozenset(codes.split()), pattern, frozenset(own.split()))


ROWS: tuple[Row, ...] = (
    # MiniMax, platform.minimax.io error codes: the same numbers with any status, often 200
    _row("rate_limited", _ANY, own="1002 1041"),
    _row("our_key", _ANY, own="1004 2049"),
    _row("our_balance", _ANY, own="1008"),
    _row("timeout", _ANY, own="1001"),
    _row("context", _ANY, own="1039"),
    _row("bad_request", _ANY, own="1042 2013"),
    _row("upstream_error", _ANY, own="1000 1013 1024 1033"),
    # Our account. Google answers 400 to a wrong key; Moonshot and Z.ai 429 to an empty account; Anthropic 400.
    _row("our_key", _REQUEST, codes="API_KEY_INVALID invalid_api_key", text=r"\bapi key (not valid|expired)"),
    _row(
        "our_balance",
        frozenset({400, 402, 403, 429}),
        codes="insufficient_quota exceeded_current_quota_error Arrearage 1113",
        text=r"credit balance is too low|insufficient (account )?balance|account is in arrears|overdue-payment",
    ),
    # DeepSeek answers 400 to an unknown model, Z.ai 1211
    _row("not_found", _REQUEST, codes="model_not_found 1211", text=r"^model not exist$|\bmodel_not_found\b"),
    # Too long for this one. Groq counts it against the minute's tokens and says 413.
    _row("rate_limited", frozenset({413}), codes="rate_limit_exceeded"),
    _row(
        "context",
        _REQUEST,
        codes="context_length_exceeded model_context_window_exceeded exceed_context_size_error "
        "string_above_max_length 1261",
        text=r"maximum context length|context (length|size|window)|prompt is too long|input is too long"
        r"|exceeded model token limit|range of input length should be|exceeds? the maximum number of tokens"
        r"|(input|prompt).{0,60}longer than the model|too many tokens|max_new_tokens.{0,20}must be <=",
    ),
    # What this vendor or model lacks
    _row(
        "unsupported",
        _REQUEST,
        codes="unsupported_parameter unsupported_value unknown_parameter unsupported_model",
        text=r"(is|are) not (yet )?supported (by|with|for|on|in) (this|the|our)\b|does(n't| not) support"
        r"|unrecognized request argument|extra inputs are not permitted|unsupported parameter|unknown parameter"
        r"|requires --enable-auto-tool-choice|is not a multimodal model|(image|audio) input is not supported"
        r"|response_format type is unavailable",
    ),
    _row("overloaded", _ANY, codes="overloaded_error engine_overloaded_error server_overloaded 1305"),
    _row("rate_limited", _ANY, codes="rate_limit_exceeded rate_limit_error rate_limit_reached_error 1302"),
    _row("our_key", _ANY, codes="authentication_error invalid_api_key permission_error"),
    _row("bad_request", _REQUEST, codes="invalid_request_error"),
)

_BY_STATUS = {
    400: "bad_request",
    401: "our_key",
    402: "our_balance",
    403: "our_key",
    404: "not_found",
    408: "timeout",
    410: "not_found",
    413: "too_large",
    422: "bad_request",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    524: "timeout",  # Cloudflare: the vendor behind it did not answer
    529: "overloaded",  # Anthropic
}


def row_of(status: int | None, complaint: Complaint) -> str | None:
    """The kind of the first row that fits; None if the status has to tell. `status` None: an error inside a 200."""
    for row in ROWS:
        if row.statuses and status is not None and status not in row.statuses:
            continue
        if row.codes & complaint.codes or complaint.own_code in row.own_codes:
            return row.kind
        if row.text is not None and row.text.search(complaint.message):
            return row.kind
    return None


def by_status(status: int) -> str:
    """The kind of a status that no row explains."""
    return _BY_STATUS.get(status, "upstream_error")
