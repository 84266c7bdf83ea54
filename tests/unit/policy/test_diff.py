"""Who may reach what under one folder and not under another."""

from __future__ import annotations

import pytest

from gateway.policy.analysis.diff import compare, difference_text, plain, widening
from gateway.policy.compiled import Compiled
from tests.unit.policy.small import CALLERS, CATALOG, REST, SETS, compiled

HOME = "{name: home, when: {data_class: regulated}, only: {hosting: self}}"
PRC = "{name: prc, when: {topic: prc_political}, never: {exposure: china}}"


def folder(*guards: str, callers: bytes = CALLERS, catalog: bytes = CATALOG, more: bytes = REST) -> Compiled:
    listed = "guards:\n" + "".join(f"  - {guard}\n" for guard in guards) if guards else ""
    return compiled(policy=b"version: 1\n" + SETS + listed.encode() + more, callers=callers, catalog=catalog)


def test_a_dropped_guard_widens_for_the_requests_it_was_about():
    assert plain(compare(folder(HOME, PRC), folder(HOME))) == {
        "widened": [
            {
                "class": {
                    "topic": ["prc_political", "unknown"],
                    "data_class": ["public", "internal", "confidential"],
                },
                "endpoints": ["glm@zai"],
                "witness": {"topic": ["prc_political"], "team": "research"},
            }
        ],
        "narrowed": [],
        "stranded": [],
        "bounds": [],
    }


def test_a_signal_that_is_empty_is_said_to_be_none():
    plain_home = "{name: plain, when: {pii: {not: [card]}}, only: {hosting: self}}"

    assert "requests with pii none" in difference_text(compare(folder(plain_home), folder()))
    assert "app none or any other may" in difference_text(
        compare(folder("{name: g, when: {app: {not: bot}}, only: {hosting: self}}"), folder())
    )


TOLD = [
    ("{tokens: {above: 500}}", "tokens above 500"),
    ("{tokens: {at_least: 100, below: 500}}", "tokens at least 100 and below 500"),
    ("{pii: [card, email]}", "pii card or email or unknown"),
    ("{language: {not: zh}}", "language none or unknown or any other"),
    ("{app: crm}", "app crm"),
    ("{app: {not: crm}}", "app none or bot or any other"),
    ("{model: {not: auto}}", "model gpt@openai or glm@zai or glm@together or qwen@self or gpt or qwen or glm"),
]


@pytest.mark.parametrize(("when", "words"), TOLD)
def test_every_value_that_a_change_affects_is_named(when, words):
    stricter = folder(f"{{name: g, when: {when}, only: {{hosting: self}}}}")

    told = difference_text(compare(stricter, folder())).splitlines()[0]

    assert f"{words} may now reach" in told or f"{words}, " in told or f"{words} or " in told, told


def test_a_team_and_an_app_that_only_issued_keys_have_are_told_apart():
    old = folder("{name: g, when: {team: sales, app: crm}, never: {operator: openai}}")

    told = [change.request_class for change in compare(old, folder()).widened]

    assert told == [
        {"team": "sales", "app": "crm"} | {name: told[0][name] for name in told[0].keys() - {"team", "app"}}
    ]


def test_a_dropped_guard_that_another_covers_changes_nothing():
    covered = folder(PRC, "{name: always, never: {exposure: china}}")

    assert (
        difference_text(compare(covered, folder("{name: always, never: {exposure: china}}")))
        == "nothing changes for any caller"
    )


def test_a_renamed_or_moved_guard_changes_nothing():
    renamed = HOME.replace("name: home", "name: stay")

    assert difference_text(compare(folder(HOME, PRC), folder(PRC, renamed))) == "nothing changes for any caller"


def test_a_new_guard_narrows_and_may_strand():
    found = compare(folder(HOME), folder(HOME, "{name: no, when: {topic: code}, never: {lineage: china}}"))

    assert found.widened == ()
    assert {id for change in found.narrowed for id in change.endpoints} == {"glm@zai", "glm@together", "qwen@self"}
    assert [change.witness for change in found.stranded] == [
        {"topic": ["code"], "team": "research", "data_class": "regulated"}
    ]
    assert "have nothing left" in difference_text(found)


WIDER = [
    ({"catalog": CATALOG.replace(b"api.z.example", b"api.zz.example")}, {"glm@zai"}),
    ({"catalog": CATALOG.replace(b"key_env: ZAI_API_KEY", b"key_env: OTHER_API_KEY")}, {"glm@zai"}),
    (
        {
            "catalog": CATALOG.replace(
                b'api: openai, base_url: "https://api.z.', b'api: groq, base_url: "https://api.z.'
            )
        },
        {"glm@zai"},
    ),
    ({"catalog": CATALOG.replace(b"id: qwen@self", b"id: qwen@self/new")}, {"qwen@self/new"}),
    ({"callers": CALLERS.replace(b"residency: eu", b"residency: any")}, {"gpt@openai", "glm@zai", "glm@together"}),
    ({"callers": CALLERS.replace(b"team: research", b"team: sales")}, set()),
]
EU = "{name: eu, when: {residency: eu}, only: {inference: eu}}"


@pytest.mark.parametrize(("change", "endpoints"), WIDER)
def test_a_new_door_and_a_moved_team_count_whichever_file_they_are_in(change, endpoints):
    found = compare(folder(EU), folder(EU, **change))

    assert {id for each in found.widened for id in each.endpoints} == endpoints


def test_a_key_moved_to_a_freer_team_widens():
    strict = CALLERS.replace(b"team: research", b"team: sales")

    found = compare(folder(EU, callers=strict), folder(EU, callers=CALLERS))

    assert {id for each in found.widened for id in each.endpoints} == {"gpt@openai", "glm@zai", "glm@together"}
    assert found.widened[0].witness["app"] == "bot"


def test_a_new_shadow_widens_for_the_teams_that_allow_it():
    shadowed = REST.replace(b"order: listed", b"order: listed, shadow: {endpoint: glm@zai, percent: 1}")

    found = compare(folder(), folder(more=shadowed))

    assert plain(found)["widened"] == [
        {
            "class": {"team": "research", "purpose": "shadow"},
            "endpoints": ["glm@zai"],
            "witness": {"team": "research"},
        }
    ]


def test_a_key_moved_to_a_team_that_allows_copies_widens_for_that_key():
    judged = REST + b"judge: {endpoint: glm@zai, percent: 1}\n"
    private = CALLERS.replace(b"team: research", b"team: sales")

    found = compare(folder(callers=private, more=judged), folder(callers=CALLERS, more=judged))

    assert plain(found)["widened"] == [
        {
            "class": {"team": "research", "app": "bot", "purpose": "judge"},
            "endpoints": ["glm@zai"],
            "witness": {"team": "research", "app": "bot"},
        }
    ]


def test_a_widening_that_names_the_version_it_replaces_is_permitted_once():
    old = folder(HOME, PRC)
    saying_so = folder(HOME, more=REST + f"allow_widening: {old.policy.version}\n".encode())

    assert widening(old, folder(HOME)) != ()
    assert widening(old, saying_so) == ()
    assert widening(folder(HOME, PRC, EU), saying_so) != ()
