"""Endpoints of any model: an operator's door for names that the catalogue does not know, and nothing known of them."""

from __future__ import annotations

from gateway.catalog.facts import ANY_MODEL, UNKNOWN_MEMBERS, Lab, Model
from gateway.catalog.shapes import EndpointRow
from gateway.catalog.sources import Written
from gateway.catalog.wires import ADAPTED
from gateway.errors import Problem

_ANY_LENGTH = 1_000_000_000  # tokens: the operator says what is too long for a model that nobody here knows
_OUTPUT_TOKENS = 400  # of one answer, as of a model without benchmarks


def unknown_model() -> Model:
    """Weights of which nothing is known: whatever a guard asks of them, it removes the endpoint."""
    return Model(
        id=ANY_MODEL,
        lab=Lab(ANY_MODEL, "unknown", None, UNKNOWN_MEMBERS, None, None),
        bases=None,
        lineage=UNKNOWN_MEMBERS,
        lab_lists=UNKNOWN_MEMBERS,
        open_weights=None,
        licence=None,
        licence_family=None,
        licence_gates=UNKNOWN_MEMBERS,
        territory_excluded=UNKNOWN_MEMBERS,
        decensored=None,
        context_tokens=_ANY_LENGTH,
        kinds=frozenset({"chat"}),
        can=frozenset(),
        output_tokens=_OUTPUT_TOKENS,
        source=None,
        checked=None,
    )


def problems(written: Written[EndpointRow]) -> list[Problem]:
    """Of such a row."""
    row, found = written.row, []
    if row.upstream_model is not None:
        words = f"`{row.id}` is asked for models by the caller's name, so it has no `upstream_model`"
        found.append(written.problem(words, "upstream_model", help="remove it"))
    if row.api in ADAPTED:
        words = f"`{row.id}` stands for any model, which `{row.api}` has no place for"
        found.append(written.problem(words, "api", help="write a row for each model there"))
    return found
