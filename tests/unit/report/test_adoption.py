"""Whose weights serve which share."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from gateway.report.adoption import adoption
from tests.unit.policy.small import compiled
from tests.unit.report.build import row, tried

POLICY = compiled().policy


def keyed(by: str, *rows):
    return {each["key"]: each for each in adoption(rows, POLICY, by)["rows"]}


def test_a_request_belongs_to_its_last_attempt_and_each_cost_to_its_own():
    found = keyed("origin", row("answered", tried("glm@zai", "declined"), tried("gpt@openai")))

    assert (found["US"]["requests"], found["US"]["cost_usd"], found["US"]["tokens"]) == (1, "0.001", 1000)
    assert (found["CN"]["requests"], found["CN"]["cost_usd"], found["CN"]["tokens"]) == (0, "0.001", 1000)


def test_a_denied_request_belongs_to_none():
    assert keyed("hosting", row("denied"))["none"]["share"] == 1.0


def test_shadows_serve_nobody():
    found = keyed("operator", row("answered", tried("qwen@self"), tried("gpt@openai", purpose="shadow")))

    assert found.keys() == {"self"}


def test_a_request_counts_under_every_country_that_it_is_exposed_to():
    assert keyed("exposure", row("answered", tried("glm@zai"))).keys() == {"CN", "SG"}


def test_an_endpoint_that_the_catalogue_does_not_hold_is_known_by_its_name():
    gone = row("answered", tried("old-model@old-host/eu"))

    assert keyed("operator", gone).keys() == {"old-host"}
    assert keyed("model", gone).keys() == {"old-model"}
    assert keyed("origin", gone).keys() == {"unknown"}


def test_a_probe_is_nobodys_request():
    probe = row("answered", tried("gpt@openai", purpose="probe"), key_id="probe")
    found = keyed("operator", probe, row("answered"))
    assert set(found) == {"self"}


def test_days_follow_each_other():
    days = [replace(row("answered"), at=datetime(2026, 11, day, 23, 59, tzinfo=UTC)) for day in (3, 1, 3, 2)]

    rows = adoption(days, POLICY, "day")["rows"]

    assert [(each["key"], each["requests"]) for each in rows] == [
        ("2026-11-01", 1),
        ("2026-11-02", 1),
        ("2026-11-03", 2),
    ]
