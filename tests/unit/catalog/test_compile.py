"""Names resolve, mistakes are all reported with their place, and what the package ships can be added to."""

from __future__ import annotations

import pytest

from gateway.catalog.facts import Members
from gateway.errors import Problems
from tests.unit.catalog.small import KNOWN, PRICE, WIRE, catalog, complaints, endpoint, standing


def test_an_endpoint_knows_its_model_its_operator_and_its_position():
    found = standing(
        f"endpoints: [{{id: acorn@mill, {KNOWN}, {PRICE}, {WIRE}}}, {{id: cone@mill/eu, {KNOWN}, {PRICE}, {WIRE}}}]"
    )

    assert [(e.id, e.model.id, e.operator.id, e.index) for e in found.endpoints.values()] == [
        ("acorn@mill", "acorn", "mill", 0),
        ("cone@mill/eu", "cone", "mill", 1),
    ]


def test_all_mistakes_are_reported_at_once_each_at_its_place():
    with pytest.raises(Problems) as raised:
        catalog(
            "labs: [{id: oak, name: Oak, country: USA}]\n",
            "models:\n  - {id: acorn, lab: oakk}\n  - {id: cone, lab: oak, base: [acron]}\n",
        )

    assert [(str(p.message), p.place.file, p.place.line, p.help) for p in raised.value.problems if p.place] == [
        ("`country` cannot be `USA`", "catalog/0.yaml", 1, "ISO 3166-1 code of its home; null: unknown"),
        ("no lab is called `oakk`", "catalog/1.yaml", 2, "did you mean `oak`?"),
        ("no model is called `acron`", "catalog/1.yaml", 3, "did you mean `acorn`?"),
    ]


def test_a_model_that_is_left_out_makes_no_second_mistake_of_its_endpoint():
    assert complaints(
        "models: [{id: stump, lab: nobody}]", f"endpoints: [{{id: stump@mill, {KNOWN}, {PRICE}, {WIRE}}}]"
    ) == ["no lab is called `nobody`"]


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ("endpoints: [{id: acorn, hosting: hosted, api: openai, base_url: https://x.example}]",
         "`acorn` is no endpoint id"),
        ("endpoints: [{id: acorn@mill/, hosting: hosted, api: openai, base_url: https://x.example}]",
         "`acorn@mill/` is no endpoint id"),
        ("endpoints: [{id: acorn@mill, model: cone, hosting: hosted, api: openai, base_url: https://x.example}]",
         "`model` is `cone`, but the id says `acorn`"),
        ("endpoints: [{id: acorn@mill, operator: self, hosting: hosted, api: openai, base_url: https://x.example}]",
         "`operator` is `self`, but the id says `mill`"),
        ("endpoints: [{id: acron@mill, hosting: hosted, api: openai, base_url: https://x.example}]",
         "no model is called `acron`"),
        ("endpoints: [{id: acorn@mil, hosting: hosted, api: openai, base_url: https://x.example}]",
         "no operator is called `mil`"),
        ("endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: http://x.example}]",
         "plain http reaches only own machines: the prompt would be readable on the way"),
        ("endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: ftp://x.example}]",
         "`base_url`: a base URL starts with http:// or https:// and names a host"),
        ("endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: https://me:secret@x.example}]",
         "`base_url`: a base URL holds no user name or password"),
        ("endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: https://x.example, key_env: HOME}]",
         "`key_env` cannot be `HOME`: only variables made for keys are read"),
        ("endpoints: [{id: acorn@self, hosting: self, api: openai, base_url: http://x.example}]",
         "own machines declare a price, and `acorn@self` has none"),
        ("endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: https://x.y, can: [stored_state]}]",
         "`stored_state` keeps or moves data, so `storage` and `inference` must be known"),
        ("endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: https://x.example, can: [flying]}]",
         "`can` is never `flying`"),
        ("endpoints: [{id: acorn@mill, storage: [XX], hosting: hosted, api: openai, base_url: https://x.example}]",
         "`XX` is no country of ISO 3166-1"),
        ("labs: [{id: oak, name: Oak again}]", "`oak` is declared twice"),
        ("labs: [{id: elm, name: Elm, lists: [us_entity_lists]}]", "no list is called `us_entity_lists`"),
        ("prices: [{endpoint: acorn@mil, rows: [{since: 2026-01-01, input: 1}]}]", "no endpoint is called `acorn@mil`"),
        ("prices: [{endpoint: acorn@mill, rows: [{since: 2026-01-01, input: 1, windows: [{window: noon}]}]}]\n"
         "endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: https://x.example}]",
         "no window is called `noon`"),
        ("prices: [{endpoint: acorn@mill, rows: [{since: 2026-01-01, input: 1}, {since: 2026-01-01, input: 2}]}]\n"
         "endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: https://x.example}]",
         "two prices begin on 2026-01-01"),
        ("just a text", "expected a mapping, found the text `just a text`"),
        ("notices: [{kind: ban, about: [nobody], what: x}]", "no lab, model or operator is called `nobody`"),
        ("risk: [{id: x, level: high, why: x, when: {origni: CN}}]", "no fact is called `origni`"),
        ("moderation: [{id: x, vendor: x, stage: any, where: {text: '~('}}]",
         "`~(` is no regular expression: missing ), unterminated subpattern at position 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_in_the_authors_words(part, complaint):
    assert complaints(part) == [complaint]


def test_a_loop_of_bases_is_a_mistake():
    assert complaints("models: [{id: a, lab: oak, base: [b]}, {id: b, lab: oak, base: [a]}]") == [
        "models descend from themselves: `a` → `b` → `a`"
    ]


def test_own_machines_and_loopback_may_speak_plain_http():
    assert not complaints(
        f"endpoints: [{{id: acorn@self, hosting: self, api: openai, base_url: http://vllm:8000/v1, {PRICE}}}]",
        "endpoints: [{id: acorn@mill, hosting: hosted, api: openai, base_url: http://127.0.0.1:1/v1}]",
        "endpoints: [{id: cone@mill, hosting: hosted, api: openai, base_url: http://localhost:1/v1}]",
    )


def test_null_and_absent_are_unknown_and_an_empty_list_is_none():
    unknown = endpoint(facts="storage: null")
    nowhere = endpoint(facts="storage: []")

    assert (unknown.storage.known, unknown.storage.complete) == (frozenset(), False)
    assert (nowhere.storage.known, nowhere.storage.complete) == (frozenset(), True)
    assert (unknown.trains_on_data, unknown.retention_days, unknown.quantization) == (None, None, None)


def test_eu_stands_for_its_27_members_and_unknown_leaves_room_for_others():
    assert len(endpoint(facts="storage: [EU]").storage.known) == 27
    assert endpoint(facts="inference: [US, unknown]").inference.complete is False


def test_exposure_is_operator_owner_storage_and_inference_together():
    found = endpoint(facts="storage: [FR], inference: [SE]")

    assert (found.exposure.known, found.exposure.complete) == (frozenset({"US", "DE", "FR", "SE"}), True)
    assert endpoint(facts="storage: [FR]").exposure.complete is False


def test_lists_are_those_of_the_operator_the_lab_and_every_ancestors_lab():
    assert endpoint().lists.known == frozenset()
    assert endpoint(id="graft@mill").lists.known == {"us_entity_list", "us_ndaa_1532"}
    assert endpoint(id="mist@mill").lists.complete is False


def test_the_folder_may_override_what_the_package_ships():
    found = standing("licences: [{id: MIT, name: My MIT, family: restricted}]")

    assert found.models["acorn"].licence_family == "restricted"


def test_gates_of_a_licence_are_facts_of_the_model_and_unknown_where_nobody_read_them():
    found = standing(
        "models:\n"
        "  - {id: kite, lab: oak, base: [], licence: llama-4-community-license}\n"
        "  - {id: fork, lab: oak, base: [], licence: MIT}\n"
        "  - {id: rake, lab: oak, base: [], licence: a-licence}\n"
        "  - {id: loom, lab: oak, base: [], licence: minimax-m2.7-license}\n"
        "licences: [{id: a-licence, name: A, family: restricted}]"
    ).models

    assert found["kite"].licence_gates.known == {"display", "maas", "monthly_users", "territory_excluded"}
    assert found["kite"].territory_excluded.known >= {"DE", "FR"}
    assert (found["fork"].licence_gates, found["fork"].territory_excluded) == (Members(frozenset()),) * 2
    assert not found["rake"].licence_gates.complete
    assert not found["rake"].territory_excluded.complete
    assert "commercial" in found["loom"].licence_gates.known


def test_body_fields_of_the_package_stay_when_a_folder_adds_its_own():
    shipped = standing().body_fields
    found = standing("body_fields: [{api: openai, path: carrier_pigeon, needs: refused, why: it flies}]").body_fields

    assert found[: len(shipped)] == shipped
    assert [row.path for row in found[len(shipped) :]] == ["carrier_pigeon"]


def test_a_folder_cannot_spare_values_that_the_package_s_row_does_not():
    shipped = standing().body_fields
    laxer = "{api: openai, path: 'tools[].type', except: [function, web_search], needs: hosted_tools, why: mine}"

    assert set(shipped) < set(standing(f"body_fields: [{laxer}]").body_fields)


def test_an_endpoint_can_what_its_model_can_less_what_it_lacks():
    assert endpoint("cannot: [vision], can: [hosted_tools]").can == {"tools", "hosted_tools"}


def test_an_empty_file_adds_nothing():
    assert complaints("") == []


def test_a_door_serves_what_its_model_serves_unless_it_says_otherwise():
    assert endpoint().kinds == {"chat"}
    assert endpoint("kinds: [chat, completion]").kinds == {"chat", "completion"}
