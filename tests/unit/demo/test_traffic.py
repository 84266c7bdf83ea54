"""Claims about the demo's traffic: the same every time, and mixed."""

from __future__ import annotations

from gateway.demo import stage, traffic


def test_traffic_is_the_same_every_time():
    assert traffic.asks(50) == traffic.asks(50)


def test_more_traffic_begins_like_less():
    assert traffic.asks(80)[:50] == traffic.asks(50)


def test_traffic_comes_from_every_team_whole_and_streamed():
    asked = traffic.asks(200)

    assert {each.team for each in asked} == set(stage.TEAMS)
    assert {each.stream for each in asked} == {True, False}
    assert {each.model for each in asked} >= {"auto", "smollm2-135m"}


def test_a_gateway_that_is_gone_is_told():
    asked = traffic.asks(1)

    (told,) = traffic.send(asked, host="127.0.0.1", port=9, keys=stage.fresh_keys())
    assert (told.status, told.endpoint) == (0, traffic.GONE)
