"""What was permitted a moment ago is sent only where the guards and freezes of now let it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.policy.compiled import Compiled
from gateway.policy.freeze import Frozen
from gateway.policy.in_force import InForce, objection
from gateway.policy.permit import Permit, Purpose, permit
from tests.unit.policy.small import AT, CALLERS, CATALOG, REST, SETS, compiled, decision

OPEN = b"version: 1\n" + SETS + REST
GUARDED = b"version: 1\n" + SETS + b"guards: [{name: g, when: {%s}, never: {operator: together}}]\n" + REST
BEFORE = compiled(policy=OPEN)


def permitted(purpose: Purpose = "serve", **signals: object) -> Permit:
    decided = decision(BEFORE, **signals)  # type: ignore[arg-type]
    return permit("r", decided, BEFORE.policy.catalog.endpoints["glm@together"], purpose=purpose)


def objected(asked: Permit, now: Compiled, frozen: Frozen = ()) -> str | None:
    found = objection(asked, InForce(now.policy, now.keyring.teams, frozen), AT)
    return found.words if found is not None else None


def test_what_decided_and_decides_still_objects_to_nothing():
    asked = permitted()

    assert objection(asked, InForce(), AT) is None
    assert objected(asked, BEFORE) is None
    assert objected(asked, compiled(policy=OPEN)) is None  # read again, as it was


@pytest.mark.parametrize(("when", "stopped"), [
    (b"team: research", True), (b"team: sales", False), (b"data_class: public", True), (b"tokens: {above: 10}", False),
])  # fmt: skip
def test_a_new_guard_stops_what_it_would_have_removed(when, stopped):
    words = objected(permitted(), compiled(policy=GUARDED % when))

    assert words == ("the policy that serves now forbids it" if stopped else None)


@pytest.mark.parametrize(("old", "new"), [
    (b"api.together.example", b"api.elsewhere.example"), (b"key_env: TOGETHER_API_KEY", b"key_env: OTHER_API_KEY"),
    (b"id: glm@together, hosting: hosted", b"id: glm@together, hosting: hosted, upstream_model: other"),
    (b"id: glm@together", b"id: glm@self"),
])  # fmt: skip
def test_an_endpoint_that_is_gone_or_leads_elsewhere_is_not_asked(old, new):
    assert old in CATALOG
    now = compiled(policy=OPEN, catalog=CATALOG.replace(old, new))

    assert objected(permitted(), now) == "the policy that serves now knows no such endpoint, or another by this name"


def test_another_price_of_the_endpoint_is_no_other_door():
    now = compiled(policy=OPEN, catalog=CATALOG.replace(b"input: 0.3, output: 1.2", b"input: 3, output: 12"))

    assert objected(permitted(), now) is None


def test_a_team_that_is_gone_is_served_no_more():
    now = compiled(policy=OPEN, callers=CALLERS.replace(b"research", b"renamed"))

    assert objected(permitted(), now) == "the policy that serves now knows no such team"


@pytest.mark.parametrize(("callers", "stopped"), [
    (CALLERS.replace(b"data_class: public", b"data_class: regulated"), True),
    (CALLERS.replace(b"residency: any", b"residency: eu"), True), (CALLERS, False),
])  # fmt: skip
def test_the_team_counts_as_it_is_now(callers, stopped):
    guards = b"guards:\n  - {name: c, when: {data_class: regulated}, only: {hosting: self}}\n" \
             b"  - {name: r, when: {residency: eu}, only: {inference: eu}}\n"  # fmt: skip
    now = compiled(policy=b"version: 1\n" + SETS + guards + REST, callers=callers)

    assert (objected(permitted(), now) is not None) is stopped


def test_the_class_of_a_request_is_never_lowered_by_its_team():
    now = compiled(policy=GUARDED % b"data_class: regulated")

    assert objected(permitted(data_class="regulated"), now) == "the policy that serves now forbids it"


@pytest.mark.parametrize(("team", "until", "hours", "stopped"), [
    ("research", "2026-09-21", 1, False), ("research", "2026-09-21", 24, True), ("research", "2026-09-22", 24, False),
    ("sales", "2026-09-21", 24, False),
])  # fmt: skip
def test_a_waiver_that_has_ended_since_lifts_nothing_any_more(team, until, hours, stopped):
    waiver = f"waivers: [{{guard: g, team: {team}, until: {until}, approved_by: ana, reason: a trial}}]\n".encode()
    when = b"" if team == "research" else b"team: sales"
    folder = compiled(policy=(GUARDED % when).replace(b"when: {}, ", b"").replace(REST, waiver + REST))
    asked = permit("r", decision(folder), folder.policy.catalog.endpoints["glm@together"], purpose="serve")

    found = objection(asked, InForce(folder.policy, folder.keyring.teams), AT + hours * 3600)

    assert (found.words if found else None) == ("the policy that serves now forbids it" if stopped else None)


@pytest.mark.parametrize(("frozen", "name"), [
    ((("operator", "together"),), "freeze:operator=together"), ((("lineage", "CN"),), "freeze:lineage=CN"),
    ((("operator", "openai"), ("endpoint", "glm@together")), "freeze:endpoint=glm@together"),
    ((("all", "unread"),), "freeze:unread"), ((("operator", "openai"),), None),
])  # fmt: skip
def test_a_freeze_stops_what_it_names_under_the_same_policy(frozen, name):
    found = objection(permitted(), InForce(BEFORE.policy, BEFORE.keyring.teams, frozen), AT)

    assert (found.words if found else None) == (f"it is stopped: {name}" if name else None)
    assert found is None or found.by_freeze


def test_what_a_guard_removes_too_is_not_told_as_frozen():
    now = compiled(policy=GUARDED % b"team: research")
    found = objection(permitted(), InForce(now.policy, now.keyring.teams, (("operator", "together"),)), AT)

    assert found is not None and not found.by_freeze


@pytest.mark.parametrize(("purpose", "allow", "words"), [
    ("shadow", b"[shadow, judge]", None), ("judge", b"[judge]", None), ("serve", b"[]", None),
    ("shadow", b"[judge]", "the team does not allow `shadow`"), ("judge", b"[]", "the team does not allow `judge`"),
])  # fmt: skip
def test_a_copy_is_sent_only_if_the_team_allows_it_still(purpose, allow, words):
    now = compiled(policy=OPEN, callers=CALLERS.replace(b"[shadow, judge]", allow))

    assert objected(permitted(purpose), now) == words


def test_a_copy_of_what_is_confidential_now_is_not_sent():
    now = compiled(policy=OPEN, callers=CALLERS.replace(b"data_class: public", b"data_class: confidential"))

    assert objected(permitted("shadow"), now) == "its class is above `internal`"


def test_a_request_without_a_team_stands_by_its_own_signals():
    asked = permitted("judge")
    signals = {name: value for name, value in asked.decision.signals.items() if name != "team"}
    asked.decision = replace(asked.decision, signals=signals)

    assert objected(asked, compiled(policy=OPEN)) == "the team does not allow `judge`"
    asked.purpose = "serve"
    assert objected(asked, compiled(policy=OPEN)) is None
