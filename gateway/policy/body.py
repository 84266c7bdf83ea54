"""Fields of a request that move or keep data elsewhere: what the request then needs, or that it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from gateway.catalog.paths import values_at
from gateway.catalog.rows import BodyField
from gateway.errors import GatewayError
from gateway.signals.decode import decoded

_NOTHING: frozenset[str] = frozenset()
_PLAIN = frozenset({"messages", "messages[]", "messages[].role", "messages[].content"})
BodyRules = Mapping[str, Mapping[str, Sequence[BodyField]]]  # by api, then by the top-level field


def body_rules(rows: Sequence[BodyField]) -> BodyRules:
    """The rows by where they look, so that a request without such fields costs one lookup a field."""
    rules: dict[str, dict[str, list[BodyField]]] = {}
    for row in rows:
        top = row.path.split(".")[0].removesuffix("[]")
        rules.setdefault(row.api, {}).setdefault(top, []).append(row)
    return rules


def body_needs(
    rules: BodyRules, api: str, fields: Mapping[str, object], *, plain_messages: bool = False
) -> frozenset[str]:
    """`stored_state` and `hosted_tools` as far as the fields need them. Raises GatewayError unsupported_request.

    `plain_messages`: all that `messages` holds are roles and texts.
    """
    by_field = rules.get(api, {})
    concerned = by_field.keys() & fields.keys()
    if not concerned:
        return _NOTHING
    found: set[str] = set()
    for name in concerned:
        rows = by_field[name]
        if plain_messages and name == "messages":
            rows = [row for row in rows if row.path in _PLAIN]
        rows = _mentioned(rows, fields[name])
        value = decoded(fields[name]) if rows else None
        for row in rows:
            if not _concerns(row, value):
                continue
            if row.needs == "refused":
                words = f"`{row.path}` is refused here: {row.why}"
                raise GatewayError("unsupported_request", words, param=name)
            found.add(row.needs)
    return frozenset(found)


def needing(rules: BodyRules, api: str, fields: Mapping[str, object]) -> dict[str, str]:
    """The fields that move or keep data elsewhere, each with what it needs."""
    found: dict[str, str] = {}
    for name in rules.get(api, {}).keys() & fields.keys():
        for need in sorted(body_needs(rules, api, {name: fields[name]})):
            found[name] = need
    return found


def _mentioned(rows: Sequence[BodyField], field: object) -> Sequence[BodyField]:
    """The rows whose path ends with a name that the JSON mentions; where letters are escaped, all of them."""
    if not rows or not isinstance(field, msgspec.Raw):
        return rows
    written = bytes(field)
    if b"\\" in written and b"\\u" in written:
        return rows
    return [row for row in rows if "." not in row.path or _last_name(row.path) in written]


@cache
def _last_name(path: str) -> bytes:
    return b'"%s"' % path.rpartition(".")[2].removesuffix("[]").encode()


def _concerns(row: BodyField, value: object) -> bool:
    steps = row.path.split(".")
    top = [steps[0].removeprefix(steps[0].removesuffix("[]"))] if steps[0].endswith("[]") else []
    return any(_counts(row, found) for found in values_at(value, [*top, *steps[1:]]))


def _counts(row: BodyField, found: object) -> bool:
    if found is None or found == []:
        return False
    if row.values is not None:
        return _among(found, row.values)
    return row.except_values is None or not _among(found, row.except_values)


def _among(found: object, values: frozenset[str | bool]) -> bool:
    if isinstance(found, bool):
        return any(value is found for value in values)
    if not isinstance(found, str):
        return False
    return any(
        found == value or (isinstance(value, str) and value.endswith("*") and found.startswith(value[:-1]))
        for value in values
    )
