"""Catalogue files become a Catalog: every name resolved, every mistake reported at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.catalog import compile_endpoints as doors
from gateway.catalog import compile_models as weights
from gateway.catalog import compile_prices as bills
from gateway.catalog.compile_auxiliary import body_fields, factors, moderation, notices, reasoning
from gateway.catalog.contracts import contracts
from gateway.catalog.facts import Catalog
from gateway.catalog.sources import CatalogBuilder, gather
from gateway.errors import Problems
from gateway.source import Document


def compile_catalog(documents: Sequence[Document], shipped: Sequence[Document]) -> Catalog:
    """`shipped` are the package's own rows, which the folder's add to or override. Raises Problems."""
    desk = gather(documents, shipped)
    catalog = _compiled(desk)
    if desk.problems:
        raise Problems(desk.problems)
    return catalog


def _compiled(desk: CatalogBuilder) -> Catalog:
    licences = weights.licences(desk)
    labs = weights.labs(desk)
    models = weights.models(desk, labs, licences)
    operators = doors.operators(desk)
    windows = bills.Windows(desk)
    rule = factors(desk)
    declared = _declared(desk)
    agreed = contracts(desk, operators, declared)
    fields = body_fields(desk)
    known = doors.Known(models, operators, declared, windows, rule, _bills(desk), agreed, fields)
    endpoints = doors.endpoints(desk, known)
    return Catalog(
        labs=labs,
        models=models,
        operators=operators,
        endpoints=endpoints,
        body_fields=fields,
        moderation=moderation(desk),
        licences=licences,
        notices=notices(desk, {*labs, *models, *operators}),
        factors=rule,
        reasoning=reasoning(desk),
        windows=windows,
        contracts=agreed,
    )


def _declared(desk: CatalogBuilder) -> frozenset[str]:
    return frozenset(written.row.id for written in desk.rows(lambda file: file.models))


def _bills(desk: CatalogBuilder) -> Mapping[str, Sequence[bills.Bill]]:
    found: dict[str, list[bills.Bill]] = {}
    for written in desk.rows(lambda file: file.prices):
        rows = [(row, written, ("rows", number)) for number, row in enumerate(written.row.rows)]
        found.setdefault(written.row.endpoint, []).extend(rows)
    return found
