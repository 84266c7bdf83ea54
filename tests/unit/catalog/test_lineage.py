"""Descent of weights: what an undisclosed base leaves unknown, and what counts all the same."""

from __future__ import annotations

from tests.unit.catalog.small import LABS, catalog, standing


def test_lineage_is_the_lab_and_every_ancestor():
    graft = standing().models["graft"]

    assert (graft.lineage.known, graft.lineage.complete, graft.ancestors) == (frozenset({"US", "CN"}), True, ("cone",))


def test_weights_from_scratch_have_the_lineage_of_their_lab():
    acorn = standing().models["acorn"]

    assert (acorn.lineage.known, acorn.lineage.complete, acorn.ancestors) == (frozenset({"US"}), True, ())


def test_one_undisclosed_base_makes_lineage_and_lists_unknown_but_known_members_count():
    found = catalog(LABS, "models: [{id: root, lab: pine, base: null}, {id: leaf, lab: oak, base: [root]}]").models[
        "leaf"
    ]

    assert (found.lineage.known, found.lineage.complete) == (frozenset({"US", "CN"}), False)
    assert (found.lab_lists.known, found.lab_lists.complete) == (frozenset({"us_entity_list", "us_ndaa_1532"}), False)


def test_a_lab_of_unknown_country_leaves_the_lineage_open():
    found = catalog(LABS, "models: [{id: haze, lab: fog, base: []}]").models["haze"]

    assert (found.lineage.known, found.lineage.complete) == (frozenset(), False)


def test_an_ancestor_reached_twice_counts_once():
    found = catalog(
        LABS,
        "models: [{id: a, lab: oak, base: []}, {id: b, lab: oak, base: [a]}, {id: c, lab: oak, base: [a, b]}]",
    )

    assert found.models["c"].ancestors == ("a", "b")


def test_a_router_descends_from_every_model_it_may_hand_a_request_to():
    found = catalog(LABS, "models: [{id: cone, lab: pine, base: []}, {id: hub, lab: oak, base: [], router_of: [cone]}]")

    assert found.models["hub"].lineage.known == {"US", "CN"}
