"""When an endpoint is left alone."""

from gateway.dispatch.breaker import FAILURES_TO_OPEN, LONGEST_REST_S, REST_S, Breaker


def opened(at=100.0):
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        breaker.failed(at)
    return breaker


def test_a_few_failures_leave_it_closed():
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker.failed(1.0)

    assert breaker.allows(1.0)


def test_failures_in_a_row_open_it_for_its_rest():
    assert not opened().allows(100.0 + REST_S - 0.1)
    assert opened().allows(100.0 + REST_S)


def test_a_success_between_failures_starts_the_count_again():
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker.failed(1.0)
    breaker.succeeded()
    breaker.failed(2.0)

    assert breaker.allows(2.0)


def test_after_a_rest_one_request_at_a_time_tries():
    breaker = opened()
    later = 100.0 + REST_S
    breaker.begins(later)

    assert not breaker.allows(later)

    breaker.released()

    assert breaker.allows(later)


def test_a_failed_trial_rests_again_at_once():
    breaker = opened()
    later = 100.0 + REST_S
    breaker.begins(later)
    breaker.failed(later)

    assert breaker.rest_left_s(later) == REST_S


def test_retry_after_is_obeyed_within_reason():
    breaker = Breaker()
    breaker.rest(10.0, 7.0)

    assert not breaker.allows(16.9)
    assert breaker.allows(17.0)

    breaker.rest(20.0, 86_400.0)

    assert breaker.rest_left_s(20.0) == LONGEST_REST_S
