"""When an endpoint is left alone."""

from gateway.dispatch.breaker import FAILURES_TO_OPEN, LONGEST_REST_S, REST_S, TRIAL_S, Breaker, Breakers, Turn

LATER = 100.0 + REST_S


def failing(times: int, at: float = 100.0) -> tuple[Breakers, Breaker]:
    breakers = Breakers()
    for _ in range(times):
        breakers.turn("m@a", at).failed(at)
    return breakers, breakers.of("m@a")


def opened() -> tuple[Breakers, Breaker]:
    return failing(FAILURES_TO_OPEN)


def test_a_few_failures_leave_it_closed():
    _, breaker = failing(FAILURES_TO_OPEN - 1)

    assert breaker.allows(100.0)


def test_failures_in_a_row_open_it_for_its_rest():
    _, breaker = opened()

    assert not breaker.allows(LATER - 0.1)
    assert breaker.allows(LATER)


def test_a_success_between_failures_starts_the_count_again():
    breakers, breaker = failing(FAILURES_TO_OPEN - 1, 1.0)
    breakers.turn("m@a", 1.0).succeeded()
    breakers.turn("m@a", 2.0).failed(2.0)

    assert breaker.allows(2.0)


def test_after_a_rest_one_request_at_a_time_tries():
    breakers, breaker = opened()
    trial = breakers.turn("m@a", LATER)

    assert not breaker.allows(LATER)
    assert breaker.wait_s(LATER) == TRIAL_S

    trial.released()

    assert breaker.allows(LATER)
    assert breaker.wait_s(LATER) == 0.0


def test_only_the_trial_itself_ends_the_trial():
    """A request from before the rest once let a second one try beside the first."""
    breakers, breaker = failing(FAILURES_TO_OPEN - 1)
    old = breakers.turn("m@a", 100.0)
    breakers.turn("m@a", 100.0).failed(100.0)
    breakers.turn("m@a", LATER)
    old.released()

    assert not breaker.allows(LATER)


def test_a_failed_trial_rests_again_at_once():
    breakers, breaker = opened()
    breakers.turn("m@a", LATER).failed(LATER)

    assert breaker.rest_left_s(LATER) == REST_S


def test_a_stream_that_opens_lets_others_in_and_rests_again_if_it_breaks():
    breakers, breaker = opened()
    trial = breakers.turn("m@a", LATER)
    trial.began()

    assert breaker.allows(LATER)

    trial.failed(LATER + 1)

    assert breaker.rest_left_s(LATER + 1) == REST_S


def test_streams_that_begin_and_fail_open_it():
    """Each opening once counted as a success."""
    breakers = Breakers()
    for _ in range(FAILURES_TO_OPEN):
        turn = breakers.turn("m@a", 5.0)
        turn.began()
        turn.failed(5.0)

    assert not breakers.of("m@a").allows(5.0)


def test_a_turn_counts_once():
    breaker = Breaker()
    turn = Turn(breaker, trial=False)
    turn.failed(1.0)
    turn.failed(1.0)
    turn.succeeded()

    assert breaker.failures == 1


def test_retry_after_is_obeyed_within_reason():
    breakers = Breakers()
    breaker = breakers.of("m@a")
    breakers.turn("m@a", 10.0).put_off(10.0, 7.0)

    assert not breaker.allows(16.9)
    assert breaker.allows(17.0)

    breakers.turn("m@a", 20.0).put_off(20.0, 86_400.0)

    assert breaker.rest_left_s(20.0) == LONGEST_REST_S


def test_after_a_rest_that_was_asked_for_nobody_waits_for_a_trial():
    """A slow answer to the first would keep everybody away who only was too fast for a second."""
    breakers = Breakers()
    breakers.turn("m@a", 1.0).put_off(1.0, 2.0)
    breakers.turn("m@a", 3.0)

    assert breakers.of("m@a").allows(3.0)


def test_an_answer_to_an_older_request_does_not_end_a_rest_that_was_asked_for():
    breakers = Breakers()
    older = breakers.turn("m@a", 1.0)
    breakers.turn("m@a", 2.0).put_off(2.0, 30.0)
    older.succeeded()

    assert not breakers.of("m@a").allows(3.0)


def test_a_rest_for_a_rate_limit_is_one_until_a_fault_of_its_own_begins_another():
    breakers = Breakers()
    breakers.turn("m@a", 1.0).put_off(1.0, 2.0, limited=True)
    assert breakers.of("m@a").limited

    for second in range(FAILURES_TO_OPEN):
        breakers.turn("m@a", 4.0 + second).failed(4.0 + second)
    assert not breakers.of("m@a").limited


def test_a_rest_that_was_asked_for_once_is_tried_by_who_has_nobody_else_one_at_a_time():
    breakers = Breakers()
    breaker = breakers.of("m@a")
    assert not breaker.allows_alone(1.0)
    breakers.turn("m@a", 1.0).put_off(1.0, 60.0, limited=True)
    assert (breaker.allows(2.0), breaker.allows_alone(2.0)) == (False, True)

    alone = breakers.turn("m@a", 2.0)
    assert (breaker.allows(2.0), breaker.allows_alone(2.0)) == (False, False)
    alone.succeeded()

    assert (breaker.allows(2.0), breaker.allows_alone(2.0)) == (True, False)


def test_a_rest_that_was_asked_for_twice_is_kept_by_everybody():
    breakers = Breakers()
    breaker = breakers.of("m@a")
    older = breakers.turn("m@a", 1.0)
    breakers.turn("m@a", 1.0).put_off(1.0, 60.0)
    older.put_off(1.5, 60.0)  # it was on its way before
    assert breaker.allows_alone(2.0)

    breakers.turn("m@a", 2.0).put_off(2.0, 60.0)

    assert not breaker.allows_alone(3.0)
    assert breaker.rest_left_s(3.0) == 59.0
    breakers.turn("m@a", 63.0).put_off(63.0, 60.0)
    assert breaker.allows_alone(64.0)  # another rest, after that one


def test_a_rest_after_failures_is_kept_by_everybody():
    _, breaker = opened()

    assert not breaker.allows_alone(100.5)


def test_who_tries_alone_and_leaves_lets_the_next_one_try():
    breakers = Breakers()
    breakers.turn("m@a", 1.0).put_off(1.0, 60.0)
    breakers.turn("m@a", 2.0).released()

    assert breakers.of("m@a").allows_alone(3.0)


def test_a_failure_of_who_tries_alone_is_a_rest_for_everybody():
    breakers = Breakers()
    breakers.turn("m@a", 1.0).put_off(1.0, 60.0)
    breakers.turn("m@a", 2.0).failed(2.0)

    assert not breakers.of("m@a").allows_alone(3.0)
