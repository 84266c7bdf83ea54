"""Errors as callers read them: their shape, and the headers that say when to come back."""

from __future__ import annotations

import pytest

from gateway.data_plane.problem import BACK_IN_S, error_headers, error_lines, rate_headers
from gateway.errors import STATUS, GatewayError
from gateway.interfaces.dialects import ANTHROPIC, OPENAI, anthropic_error, openai_error
from gateway.upstreams.failures import PassedThrough

ERRORS = [
    *(GatewayError(code, "said", param="x") for code in STATUS),
    *(PassedThrough(status, "said", None) for status in (400, 413, 422)),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.status}-{error.code}")
def test_every_error_has_the_shape_of_either_dialect(error: GatewayError):
    told = openai_error(error)["error"]

    assert isinstance(told, dict) and set(told) == {"message", "type", "param", "code"} and told["type"]
    assert anthropic_error(error)["type"] == "error"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.status}-{error.code}")
def test_who_may_come_back_is_told_when(error: GatewayError):
    wait = dict(error_headers(error)).get(b"retry-after")

    assert wait == (str(BACK_IN_S).encode() if error.status in (429, 503) else None)


def test_a_ceiling_that_is_reached_is_told_with_its_height_and_its_end():
    error = GatewayError("rate_limit_exceeded", "said", retry_after_s=11.2, ceiling=("requests", "600"))

    assert error_headers(error)[1:] == [
        (b"retry-after", b"12"),
        (b"x-ratelimit-limit-requests", b"600"),
        (b"x-ratelimit-reset-requests", b"12s"),
        (b"x-ratelimit-remaining-requests", b"0"),
    ]
    assert b"x-ratelimit-remaining-usd" not in dict(
        error_headers(GatewayError("budget_exceeded", "", ceiling=("usd", "5")))
    )


def test_what_is_left_of_a_rate_is_told_by_the_names_of_the_callers_sdk():
    rates, at = [("requests", 600, 12)], 1_795_176_000.0 + 48.5
    ours = [
        (b"x-ratelimit-limit-requests", b"600"),
        (b"x-ratelimit-remaining-requests", b"12"),
        (b"x-ratelimit-reset-requests", b"12s"),
    ]

    assert rate_headers(rates, at, OPENAI) == ours
    assert rate_headers(rates, at, ANTHROPIC) == [
        *ours,
        (b"anthropic-ratelimit-requests-limit", b"600"),
        (b"anthropic-ratelimit-requests-remaining", b"12"),
        (b"anthropic-ratelimit-requests-reset", b"2026-11-20T12:01:00Z"),
    ]
    assert rate_headers([], at, ANTHROPIC) == []


def test_a_rate_that_is_reached_is_told_to_anthropics_sdks_too():
    error = GatewayError("rate_limit_exceeded", "said", retry_after_s=11.2, ceiling=("tokens", "600"))

    assert b"anthropic-ratelimit-tokens-limit: 600\r\n" in error_lines(error, dialect=ANTHROPIC)[0]
    assert b"anthropic-" not in error_lines(error, dialect=OPENAI)[0]
    spent = GatewayError("budget_exceeded", "said", ceiling=("usd", "5"))
    assert b"anthropic-" not in error_lines(spent, dialect=ANTHROPIC)[0]
