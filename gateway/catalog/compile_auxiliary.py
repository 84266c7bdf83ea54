"""Rows beside the facts, compiled: notices, body fields, ways of saying no, the risk rule, ways of thinking."""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.catalog.auxiliary_shapes import BodyFieldRow, FactorRow, SignalRow
from gateway.catalog.moderation import condition
from gateway.catalog.risk import READ, testable
from gateway.catalog.rows import BodyField, Condition, Factor, ModerationSignal, Notice, Reasoning
from gateway.catalog.sources import CatalogBuilder, Written
from gateway.errors import nearest


def notices(desk: CatalogBuilder, known: Collection[str]) -> tuple[Notice, ...]:
    """`known` are the ids a notice may be about."""
    found = []
    for written in desk.rows(lambda file: file.notices):
        row = written.row
        for number, name in enumerate(row.about):
            if name not in known and not written.shipped:
                help_ = nearest(name, known)
                desk.problems.append(
                    written.problem(f"no lab, model or operator is called `{name}`", "about", number, help=help_)
                )
        found.append(Notice(row.kind, tuple(row.about), row.where, row.what, row.date, row.source))
    return tuple(found)


def body_fields(desk: CatalogBuilder) -> tuple[BodyField, ...]:
    """A folder's row says anew why; one that looks elsewhere or spares other values adds to the package's."""
    rows = desk.by_id(
        lambda file: file.body_fields,
        lambda row: f"{row.api} {row.path} {row.values} {row.except_values} {row.needs}",
    )
    return tuple(_body_field(written.row) for written in rows.values())


def _body_field(row: BodyFieldRow) -> BodyField:
    values = frozenset(row.values) if row.values is not None else None
    besides = frozenset(row.except_values) if row.except_values is not None else None
    return BodyField(row.api, row.path, row.needs, values, besides, row.why, row.source)


def moderation(desk: CatalogBuilder) -> tuple[ModerationSignal, ...]:
    """In file order."""
    rows = desk.by_id(lambda file: file.moderation, lambda row: row.id)
    return tuple(_signal(desk, written) for written in rows.values())


def _signal(desk: CatalogBuilder, written: Written[SignalRow]) -> ModerationSignal:
    row = written.row
    conditions: list[Condition] = []
    for path, wanted in row.where.items():
        try:
            conditions.append(condition(path, wanted))
        except re.error as wrong:
            desk.problems.append(written.problem(f"`{wanted}` is no regular expression: {wrong}", "where", path))
    return ModerationSignal(
        id=row.id,
        vendor=row.vendor,
        operators=frozenset(row.operators),
        stage=row.stage,
        statuses=frozenset(row.statuses),
        conditions=tuple(conditions),
        outcome=row.outcome,
        retry=row.retry,
        confidence=row.confidence,
        source=row.source,
        checked=row.checked,
        note=row.note,
    )


def factors(desk: CatalogBuilder) -> tuple[Factor, ...]:
    """The risk rule; a factor set to `low` is switched off."""
    rows = desk.by_id(lambda file: file.risk, lambda row: row.id)
    for written in rows.values():
        _check_factor(desk, written)
    return tuple(
        Factor(row.id, row.level, row.why, dict(row.when))
        for row in (written.row for written in rows.values())
        if row.level != "low" and set(row.when) <= READ.keys()
    )


def _check_factor(desk: CatalogBuilder, written: Written[FactorRow]) -> None:
    for name in written.row.when:
        if name not in READ:
            desk.problems.append(written.problem(f"no fact is called `{name}`", "when", name, help=nearest(name, READ)))
        elif not testable(written.row.when[name]):
            message = (
                "this is no test: a value, a list of values, or `{has: …}`, `{not: …}`, `{above: …}`, `{below: …}`"
            )
            desk.problems.append(written.problem(message, "when", name))


def reasoning(desk: CatalogBuilder) -> tuple[Reasoning, ...]:
    """In file order; the first row that fits an operator and a model holds."""
    return tuple(
        Reasoning(
            vendor=row.vendor,
            operators=frozenset(row.operators),
            models=tuple(row.models),
            efforts={str(effort): dict(fields) for effort, fields in row.efforts.items()},
            field=row.field,
            replay=row.replay,
            default_on=row.default_on,
            source=row.source,
        )
        for row in (written.row for written in desk.rows(lambda file: file.reasoning))
    )
