"""What the caller is told when no permitted endpoint answered."""

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.dispatch.exhausted import Standing, exhausted, may_pass
from gateway.upstreams.failures import Failure

BUSY = Failure("rate_limited", "HTTP 429: its rate limit is reached", status=429, retry_after_s=7.0)
SOONER = Failure("rate_limited", "HTTP 429: its rate limit is reached", status=429, retry_after_s=3.0)
LATE = Failure("timeout", "no first byte within 30 s")
SHORT = Failure("context", "HTTP 400: the request is longer than its context", status=400)
LACKS = Failure("unsupported", "HTTP 400: it does not support what the request needs", status=400)
BROKEN = Failure("upstream_error", "HTTP 500: the vendor failed", status=500)
SAID_NO = Failure("moderation", "the content filter of x said no", outcome="filtered", status=400)
WRONG = Failure("bad_request", "top_p is odd", status=422, passes_through=True, param="top_p")

TOLD = {
    "all_busy": ((BUSY, SOONER), "rate_limit_exceeded", 429),
    "all_late": ((LATE, LATE), "upstream_timeout", 504),
    "all_too_short": ((SHORT, SHORT), "context_length_exceeded", 400),
    "all_lack_something": ((SHORT, LACKS), "unsupported_request", 400),
    "broken": ((BROKEN,), "upstreams_exhausted", 502),
    "of_all_kinds": ((BUSY, LATE, SHORT), "upstreams_exhausted", 502),
    "filtered_at_last": ((BROKEN, SAID_NO), "content_filtered", 400),
    "filtered_at_first": ((SAID_NO, BROKEN), "upstreams_exhausted", 502),
    "the_request_is_at_fault": ((BROKEN, WRONG), "invalid_request", 422),
}
NOBODY_LEFT = Standing((), (), ())


def at(name: str) -> Any:
    """All that matters of an endpoint here."""
    return SimpleNamespace(id=name)


@pytest.mark.parametrize(("failures", "code", "status"), TOLD.values(), ids=TOLD)
def test_the_code_tells_what_the_failures_have_in_common(failures, code, status):
    asked = [(at(f"m@{place}"), failure) for place, failure in enumerate(failures)]
    error = exhausted(asked, len(asked), NOBODY_LEFT)

    assert (error.code, error.status) == (code, status)


def test_every_endpoint_has_its_line_and_the_smallest_wait_counts():
    error = exhausted([(at("a@x"), BUSY), (at("b@y"), SOONER)], 2, NOBODY_LEFT)

    assert error.message.splitlines()[1:] == [f"a@x: {BUSY.detail}", f"b@y: {SOONER.detail}"]
    assert error.retry_after_s == 3.0


def test_what_was_not_asked_is_said_and_why():
    """It once said that every permitted endpoint had failed."""
    standing = Standing([at("k@k")], [(at("r@r"), 3.0)], [at("d@d")], [at("l@l")])
    error = exhausted([(at("a@x"), BROKEN)], 5, standing)

    first, _, *rest = error.message.splitlines()
    assert first == "asked 1 of 5 permitted endpoints: each failed"
    assert [line.split(": ")[-1] for line in rest] == ["r@r", "d@d", "no key is set for k@k", "l@l"]


PASSING = {
    "connection": (Failure("connect", "refused"), True),
    "closed": (Failure("closed", "the upstream closed unanswered"), True),
    "timeout": (LATE, True),
    "500": (BROKEN, True),
    "409": (Failure("upstream_error", "HTTP 409", status=409), True),
    "429": (BUSY, True),
    "error in a stream": (Failure("upstream_error", "error inside a 200", status=200), True),
    "certificate": (Failure("tls", "the certificate is not trusted"), False),
    "pin": (Failure("pin", "host x is not under y"), False),
    "401": (Failure("our_key", "HTTP 401", status=401), False),
    "404": (Failure("not_found", "HTTP 404", status=404), False),
    "418": (Failure("upstream_error", "HTTP 418", status=418), False),
    "402 with a time to come back": (Failure("our_balance", "HTTP 402", status=402, retry_after_s=5.0), True),
}


@pytest.mark.parametrize(("failure", "passes"), PASSING.values(), ids=PASSING)
def test_whether_to_retry_is_what_is_true_of_the_last_failure(failure, passes):
    error = exhausted([(at("m@a"), SHORT), (at("m@b"), failure)], 2, NOBODY_LEFT)

    assert may_pass(failure) == passes
    assert error.final != passes
    assert error.retry_after_s == failure.retry_after_s
