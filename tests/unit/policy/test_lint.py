"""What lint remarks upon, each by the smallest policy that shows it."""

from __future__ import annotations

import pytest

from gateway.policy.analysis.lint import lint
from tests.unit.policy.small import REST, SETS, compiled

HEAD = b"version: 1\n" + SETS
IDS = [endpoint.id for endpoint in compiled().policy.endpoints]
EVERY = ", ".join(IDS)


def said(policy: str) -> list[tuple[str, str, int]]:
    """Severity, words and line of everything that lint says of this policy."""
    found = lint(compiled(policy=HEAD + policy.encode()))
    return [(problem.severity, problem.message, problem.place.line if problem.place else 0) for problem in found]


def guarded(*guards: str) -> str:
    return "guards:\n" + "".join(f"  - {guard}\n" for guard in guards) + REST.decode()


def test_a_policy_without_anything_odd_is_passed_over_in_silence():
    assert said(guarded("{name: g, when: {data_class: regulated, tag: audited}, never: {exposure: china}}")) == []


def test_a_folder_without_teams_is_looked_at_as_if_somebody_called():
    folder = compiled(policy=HEAD + REST, callers=b"teams: {}\n")

    assert lint(folder) == []


REMARKS = [
    (
        guarded("{name: g, when: {topic: code}, never: {origin: KP}}"),
        ("warning", "guard `g` removes no endpoint of this catalogue", 5),
    ),
    (
        guarded("{name: g, when: {team: sales, residency: any}, never: {origin: CN}}"),
        ("warning", "no request ever meets the `when` of guard `g`", 5),
    ),
    (
        guarded("{name: g, when: {budget_used: {above: 1}}, never: {origin: CN}}"),
        ("warning", "no request ever meets the `when` of guard `g`", 5),
    ),
    (
        guarded("{name: g, when: {tokens: {below: 0}}, never: {origin: CN}}"),
        ("warning", "no request ever meets the `when` of guard `g`", 5),
    ),
    (
        guarded("{name: g, when: {tag: {not: audited}}, never: {exposure: china}}"),
        ("warning", "a caller can switch guard `g` off by its `tag`", 5),
    ),
    (
        guarded("{name: g, when: {data_class: regulated}, never: {hosting: [self, hosted]}}"),
        ("note", "nothing may serve a request with team research, data_class regulated: route `rest`, guards `g`", 6),
    ),
    (
        guarded(
            "{name: one, when: {data_class: regulated}, only: {hosting: self}}",
            "{name: two, when: {topic: code}, never: {lineage: china}}",
        ),
        (
            "note",
            "nothing may serve a request with team research, data_class regulated, topic code: route `rest`, "
            "guards `one`, `two`",
            7,
        ),
    ),
    (
        guarded(
            "{name: one, when: {language: en}, only: {hosting: self}}",
            "{name: two, when: {language: zh}, never: {lineage: china}}",
        ),
        (
            "note",
            "nothing may serve a request with team research, language unknown: route `rest`, guards `one`, `two`",
            7,
        ),
    ),
    (guarded("{name: g, never: {operator: zai}}"), ("note", "no request ever reaches glm@zai", 1)),
    (
        "routes: [{name: a, when: {stream: true}, try: [{any: {}}]},"
        " {name: b, when: {stream: true, topic: code}, try: [qwen]},"
        " {name: c, try: [{any: {}}]}]\n",
        ("warning", "no request ever reaches route `b`", 4),
    ),
    (
        "routes: [{name: a, when: {model: [auto, glm*]}, try: [{any: {}}]},"
        " {name: b, when: {model: auto}, try: [qwen]},"
        " {name: c, try: [{any: {}}]}]\n",
        ("warning", "no request ever reaches route `b`", 4),
    ),
    (
        "routes: [{name: a, when: {tokens: {above: 9}}, try: [{any: {}}]},"
        " {name: b, when: {tokens: {at_most: 9}}, try: [qwen]},"
        " {name: c, try: [{any: {}}]}]\n",
        ("warning", "no request ever reaches route `c`", 4),
    ),
    (
        "routes: [{name: a, try: [{any: {}}]}, {name: b, try: [qwen]}]\n",
        ("warning", "no request ever reaches route `b`", 4),
    ),
    (
        "routes: [{name: a, try: [{any: {}}], order: first_byte}]\n",
        ("warning", f"`order: first_byte` of route `a` has no data yet of {EVERY}", 4),
    ),
    (
        "routes: [{name: a, try: [{any: {}}], order: refusals}]\n",
        ("warning", f"`order: refusals` of route `a` goes by published rates for {EVERY}", 4),
    ),
]


@pytest.mark.parametrize(("policy", "remark"), REMARKS)
def test_what_is_probably_not_meant_is_told(policy, remark):
    assert remark in said(policy)


@pytest.mark.parametrize("order", ["refusals", "first_byte"])
def test_only_endpoints_without_enough_replies_are_told_where_estimates_order(order):
    folder = compiled(policy=HEAD + f"routes: [{{name: a, try: [{{any: {{}}}}], order: {order}}}]\n".encode())

    (told,) = lint(folder, known=set(IDS[1:]))

    assert told.message.endswith(f" {IDS[0]}")
    assert lint(folder, known=set(IDS)) == []


def test_an_endpoint_without_a_price_is_told_where_price_orders():
    catalog = (compiled().files["catalog/all.yaml"]).replace(
        b"prices: [{since: 2026-01-01, input: 0.1, output: 0.4}]", b"prices: []"
    )
    routes = b"routes: [{name: a, try: [{any: {}}], order: price}]\n"

    found = lint(compiled(policy=HEAD + routes, catalog=catalog))

    assert [problem.message for problem in found] == ["the price of glm@zai is unknown"]


def test_canary_shadow_judge_and_probe_are_read():
    routes = b"""\
routes:
  - name: rest
    try: [gpt@openai]
    canary: {endpoint: glm@zai, percent: 1, stop_if: {failure_rate: {above: 0.1}}}
    shadow: {endpoint: glm@together, percent: 1}
judge: {endpoint: glm@zai, percent: 1}
probe: {team: sales, every: 24h, usd: 1}
"""
    folder = compiled(policy=HEAD + routes)
    (route,) = folder.policy.routes

    assert folder.policy.probe is not None and folder.policy.probe.every_s == 86_400
    assert route.canary is not None and route.canary.name == "glm@zai 1% failure_rate>0.1"
    assert [problem.message for problem in lint(folder)] == [
        "no request ever reaches qwen@self",
        "route `rest` leans on estimates, and there are none yet of glm@zai",
    ]
