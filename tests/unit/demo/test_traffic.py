"""Claims about the demo's traffic: the same every time, and mixed."""

from __future__ import annotations

from gateway.demo import stage, traffic
from gateway.demo.vendors import tools
from gateway.demo.vendors.asked import Tool
from gateway.signals import pii, secrets


def test_traffic_is_the_same_every_time():
    assert traffic.asks(50) == traffic.asks(50)


def test_more_traffic_begins_like_less():
    assert traffic.asks(80)[:50] == traffic.asks(50)


def test_traffic_comes_from_every_team_whole_and_streamed():
    asked = traffic.asks(200)

    assert {each.team for each in asked} == set(stage.TEAMS)
    assert {each.stream for each in asked} == {True, False}
    assert {each.model for each in asked} >= {"auto", "smollm2-135m"}


def test_some_of_it_holds_personal_data_and_none_of_it_a_credential():
    found = [
        ({found.kind for found in pii.find(each.prompt)}, secrets.kinds(each.prompt)) for each in traffic.asks(200)
    ]

    assert {"email", "iban", "card"} <= {kind for kinds, _ in found for kind in kinds}
    assert {kind for _, kinds in found for kind in kinds} == set()


def test_some_of_it_brings_a_tool_that_its_question_fits():
    asked = [each for each in traffic.asks(600) if each.tool]

    assert {each.kind for each in asked} >= {"chat", "responses", "messages"}
    assert all(tools.fits(Tool("get_weather", {}), each.prompt) for each in asked)


def test_it_speaks_every_interface_that_the_demo_serves():
    asked = traffic.asks(200)

    assert {each.kind for each in asked} == {"chat", "responses", "messages", "embedding"}
    assert {each.model for each in asked if each.kind == "embedding"} == {"auto"}


def test_a_gateway_that_is_gone_is_told():
    asked = traffic.asks(1)

    (told,) = traffic.send(asked, host="127.0.0.1", port=9, keys=stage.fresh_keys())
    assert (told.status, told.endpoint) == (0, traffic.GONE)
