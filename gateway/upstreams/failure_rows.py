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
    """Fits if the status is one of `statuses` and a code or one of the texts says so."""

    kind: str
    statuses: frozenset[int]  # empty: any, also an error inside a 200
    source: str  # where this was read; tests/golden/failures.yaml holds a reply for every code and text
    codes: frozenset[str] = frozenset()
    texts: tuple[re.Pattern[str], ...] = ()
    own_codes: frozenset[str] = frozenset()


def _row(kind: str, statuses: frozenset[int], source: str, *, codes: str = "", texts: str = "", own: str = "") -> Row:
    """`texts` are regular expressions, one a line."""
    patterns = tuple(re.compile(text.strip(), re.IGNORECASE) for text in texts.strip().splitlines())
    return Row(kind, statuses, source, frozenset(codes.split()), patterns, frozenset(own.split()))


_MINIMAX = "platform.minimax.io error codes: the same numbers with any status, often 200"

ROWS: tuple[Row, ...] = (
    _row("rate_limited", _ANY, _MINIMAX, own="1002 1041"),
    _row("our_key", _ANY, _MINIMAX, own="1004 2049"),
    _row("our_balance", _ANY, _MINIMAX, own="1008"),
    _row("timeout", _ANY, _MINIMAX, own="1001"),
    _row("context", _ANY, _MINIMAX, own="1039"),
    _row("bad_request", _ANY, _MINIMAX, own="1042 2013"),
    _row("upstream_error", _ANY, _MINIMAX, own="1000 1024 1033"),
    # Our account. Google answers 400 to a wrong key; Moonshot and Z.ai 429 to an empty account; Anthropic 400.
    _row(
        "our_key",
        _REQUEST,
        "ai.google.dev errors; developers.openai.com error codes",
        codes="API_KEY_INVALID invalid_api_key",
        texts=r"\bapi key (not valid|expired)",
    ),
    _row(
        "our_balance",
        frozenset({400, 402, 403, 429}),
        "developers.openai.com, platform.kimi.ai, docs.z.ai/api-reference/api-code, "
        "help.aliyun.com/model-studio/error-code and platform.claude.com on errors",
        codes="insufficient_quota exceeded_current_quota_error Arrearage 1113",
        texts=r"""
            credit balance is too low
            insufficient (account )?balance
            overdue-payment
        """,
    ),
    # DeepSeek answers 400 to an unknown model, Z.ai 1211
    _row(
        "not_found",
        _REQUEST,
        "docs.z.ai/api-reference/api-code; recorded: DeepSeek, OpenAI",
        codes="model_not_found 1211",
        texts=r"""
            ^model not exist$
            \bmodel_not_found\b
        """,
    ),
    # Too long for this one. Groq counts it against the minute's tokens and says 413; llama.cpp has said 500.
    _row("rate_limited", frozenset({413}), "console.groq.com/docs/errors", codes="rate_limit_exceeded"),
    _row(
        "context",
        _REQUEST | {500},
        "llama.cpp#15780 and #19774",
        codes="exceed_context_size_error",
        texts="^context size has been exceeded",
    ),
    _row(
        "context",
        _REQUEST,
        "recorded: OpenAI, vLLM, xAI, Groq, Anthropic, Bedrock, Moonshot (kimi-cli#2011), Google, Together, Cohere, "
        "TGI; help.aliyun.com/model-studio/error-code; docs.z.ai/api-reference/api-code",
        codes="context_length_exceeded model_context_window_exceeded string_above_max_length 1261",
        texts=r"""
            maximum (context|prompt) length
            context (length|size|window)
            reduce the length of the messages
            prompt is too long
            input is too long
            exceeded model token limit
            range of input length should be
            exceeds? the maximum number of tokens
            (input|prompt).{0,60}longer than the model
            too many tokens
            max_new_tokens.{0,20}must be <=
        """,
    ),
    # What this vendor or model lacks
    _row(
        "unsupported",
        _REQUEST | {500},
        "llama.cpp tools/server: without a projector it answers 500",
        texts="(image|audio) input is not supported",
    ),
    _row(
        "unsupported",
        _REQUEST,
        "recorded: OpenAI, Mistral and Anthropic (pydantic), vLLM, DeepSeek; help.aliyun.com/model-studio/error-code",
        codes="unsupported_parameter unsupported_value unknown_parameter",
        texts=r"""
            (is|are) not (yet )?supported (by|with|for|on|in) (this|the|our)\b
            does(n't| not) support
            unrecognized request argument
            extra inputs are not permitted
            unsupported parameter
            unknown parameter
            requires --enable-auto-tool-choice
            is not a multimodal model
            response_format type is unavailable
        """,
    ),
    _row(
        "overloaded",
        _ANY,
        "platform.claude.com and platform.kimi.ai on errors; docs.bigmodel.cn/cn/faq/api-code",
        codes="overloaded_error engine_overloaded_error 1305",
    ),
    _row(
        "rate_limited",
        _ANY,
        "developers.openai.com, platform.claude.com and platform.kimi.ai on errors; docs.z.ai/api-reference/api-code",
        codes="rate_limit_exceeded rate_limit_error rate_limit_reached_error 1302",
    ),
    _row(
        "our_key",
        _ANY,
        "platform.claude.com on errors; developers.openai.com error codes",
        codes="authentication_error invalid_api_key permission_error",
    ),
    _row("bad_request", _REQUEST, "developers.openai.com error codes", codes="invalid_request_error"),
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
        if any(text.search(complaint.message) for text in row.texts):
            return row.kind
    return None


def by_status(status: int) -> str:
    """The kind of a status that no row explains."""
    return _BY_STATUS.get(status, "upstream_error")
