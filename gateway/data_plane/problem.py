"""Errors as each dialect's callers expect them: OpenAI's shape on OpenAI paths, Anthropic's on Anthropic paths."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from time import time

from gateway.data_plane.asgi import Exchange, Headers, encode
from gateway.errors import GatewayError
from gateway.interfaces.dialects import ANTHROPIC, OPENAI, Dialect

MINUTE_S = 60.0
BACK_IN_S = 30  # where a caller may come back and nobody knows when


def error_headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """When to come back, and whether to; which ceiling was reached."""
    headers = [(b"content-type", b"application/json")]
    wait_s = BACK_IN_S if error.retry_after_s is None else max(1, math.ceil(error.retry_after_s))
    if error.retry_after_s is not None or error.status in (429, 503):
        headers.append((b"retry-after", b"%d" % wait_s))
    if error.ceiling is not None:
        what, most = (word.encode() for word in error.ceiling)
        headers += [(b"x-ratelimit-limit-" + what, most), (b"x-ratelimit-reset-" + what, b"%ds" % wait_s)]
        if what == b"requests":  # of tokens and money some may be left, and too few for this request
            headers.append((b"x-ratelimit-remaining-requests", b"0"))
    if error.final:
        headers.append((b"x-should-retry", b"false"))
    return headers


def rate_headers(rates: Iterable[tuple[str, int, int]], at: float, dialect: Dialect) -> list[tuple[bytes, bytes]]:
    """Of each rate its name, how many a minute and how many are left; `at`: when they were counted.

    On Anthropic's paths also by the names that its SDKs read. What this minute counts is gone when the next ends.
    """
    headers: list[tuple[bytes, bytes]] = []
    reset_s = max(1, math.ceil(MINUTE_S - at % MINUTE_S))
    for name, most, left in rates:
        what = name.encode()
        headers += [(b"x-ratelimit-limit-" + what, b"%d" % most), (b"x-ratelimit-remaining-" + what, b"%d" % left)]
        headers.append((b"x-ratelimit-reset-" + what, b"%ds" % reset_s))
        if dialect is ANTHROPIC:
            head, point = b"anthropic-ratelimit-" + what, datetime.fromtimestamp(int(at) + reset_s, UTC)
            headers += [(head + b"-limit", b"%d" % most), (head + b"-remaining", b"%d" % left)]
            headers.append((head + b"-reset", point.isoformat().replace("+00:00", "Z").encode()))
    return headers


def _denied_rates(error: GatewayError) -> list[tuple[str, int, int]]:
    """On Anthropic's paths the rate that is reached is told by its names too."""
    if error.ceiling is None or error.ceiling[0] not in ("requests", "tokens"):
        return []
    return [(error.ceiling[0], int(error.ceiling[1]), 0)]


def error_lines(error: GatewayError, headers: Headers = (), *, dialect: Dialect = OPENAI) -> tuple[bytes, bytes]:
    """Header lines and body of an error reply."""
    rates = rate_headers(_denied_rates(error), time(), dialect) if dialect is ANTHROPIC else []
    also = [line for line in rates if line[0].startswith(b"anthropic-")]
    lines = b"".join(b"%b: %b\r\n" % line for line in (*error_headers(error), *also, *headers))
    return lines, encode(dialect.error(error))


def write_error(exchange: Exchange, error: GatewayError, headers: Headers = (), *, dialect: Dialect = OPENAI) -> None:
    """A whole error reply."""
    exchange.whole(error.status, *error_lines(error, headers, dialect=dialect))
