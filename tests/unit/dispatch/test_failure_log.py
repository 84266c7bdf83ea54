"""Failures of vendors are told once a minute for each endpoint and kind, and told to be over."""

from __future__ import annotations

import logging

from gateway.dispatch.failure_log import EVERY_S, FailureLog
from gateway.upstreams.failures import Failure

KEY = Failure("our_key", "HTTP 401: our key was not accepted", status=401, counts_against_endpoint=False)
BUSY = Failure("rate_limited", "HTTP 429: its rate limit is reached: Slow down.", status=429)
WRONG = Failure("bad_request", "what the caller sent, repeated", status=400, counts_against_endpoint=False)


def test_each_kind_of_each_endpoint_is_told_once_a_minute_and_that_it_is_over(caplog):
    log = FailureLog()
    with caplog.at_level(logging.INFO, "gateway"):
        for at in (0.0, 1.0, 2.0, EVERY_S + 1):
            log.failed("m@a", KEY, at)
        log.failed("m@a", BUSY, 3.0)
        log.failed("m@b", BUSY, 3.0)
        log.failed("m@a", WRONG, 4.0)
        log.answered("m@c")
        log.answered("m@a")
        log.answered("m@a")
        log.failed("m@a", KEY, EVERY_S + 2)

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "m@a fails, our_key: HTTP 401: our key was not accepted"),
        ("ERROR", "m@a fails, our_key: HTTP 401: our key was not accepted; 2 more since the last line of this kind"),
        ("WARNING", "m@a fails, rate_limited: HTTP 429: its rate limit is reached: Slow down."),
        ("WARNING", "m@b fails, rate_limited: HTTP 429: its rate limit is reached: Slow down."),
        ("INFO", "m@a answers again"),
        ("ERROR", "m@a fails, our_key: HTTP 401: our key was not accepted"),
    ]
