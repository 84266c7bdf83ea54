"""JSON Schemas of the four kinds of file, made from shapes and tables: completion and hover text for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.catalog.countries import ISO
from gateway.catalog.facts import Catalog
from gateway.catalog.overlay import IDS
from gateway.catalog.shapes import CatalogFile
from gateway.catalog.table import FACTS, Fact
from gateway.identity import CallersFile
from gateway.policy.authoring.shapes import CaseShape, PolicyFile
from gateway.signals.table import LANGUAGES, SIGNALS, Signal
from gateway.source import Shape

Schema = dict[str, Any]
_WORD: Schema = {"type": "string"}
_NO_NAMES = Catalog({}, {}, {}, {})
_LONG = {tuple(sorted(ISO)): "Country", (*LANGUAGES, "other"): "Language"}  # choices that stand in one place


def schemas() -> Mapping[str, Schema]:
    """By file name."""
    cases = _of(CaseShape, "cases/*.yaml: given these signals, expect this decision")
    definitions = cases.pop("$defs")
    case = {key: value for key, value in cases.items() if key not in ("$schema", "title", "description")}
    listed = {key: cases[key] for key in ("$schema", "title")} | {"type": "array", "items": case, "$defs": definitions}
    return {
        "policy.json": _of(PolicyFile, "policy.yaml: guards only remove, routes only order"),
        "callers.json": _of(CallersFile, "callers.yaml: teams, keys, tags"),
        "catalog.json": _overriding(_of(CatalogFile, "catalog/*.yaml: whose weights, whose machines, whose bill")),
        "cases.json": listed,
    }


def _overriding(made: Schema) -> Schema:
    """A row may override some fields of one in an earlier layer, so that nothing but its id must be there."""
    for kind, id in IDS.items():
        row = made["$defs"][made["properties"][kind]["items"]["$ref"].rpartition("/")[2]]
        row["required"] = [id]
    return made


def _of(shape: type[Shape], title: str) -> Schema:
    made = shape.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = made.pop("$defs", {})
    used = _tests() if shape in (PolicyFile, CaseShape) else {}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": title}
    full: Schema = _plain(
        head | {key: value for key, value in made.items() if key != "title"} | {"$defs": definitions | used}
    )
    return full


def _plain(value: Any) -> Any:
    """Without generated titles, which editors would show instead of descriptions; `x-shape` becomes a reference."""
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    made = {key: _plain(inner) for key, inner in value.items() if not _generated_title(key, inner, value)}
    if "x-shape" in made:
        made["$ref"] = f"#/$defs/{made.pop('x-shape')}"
    return made


def _generated_title(key: str, inner: object, around: Schema) -> bool:
    return key == "title" and isinstance(inner, str) and "$schema" not in around


def _tests() -> Schema:
    signals = {name: _described(row.description, _signal_test(row)) for name, row in SIGNALS.items()}
    facts = {name: _described(row.description, _fact_test(row)) for name, row in FACTS.items()}
    guarded = {name: facts[name] for name, row in FACTS.items() if row.in_guards}
    given = {name: _described(row.description, _given(row)) for name, row in SIGNALS.items()}
    text = _described("a prompt: its signals are really measured", {"type": "string"})
    names = {"type": "array", "items": {"enum": list(SIGNALS)}}
    long: Schema = {name: {"enum": list(words)} for words, name in _LONG.items()}
    return long | {
        "When": _mapping(signals, at_least=1),
        "FactTests": _mapping(guarded, at_least=1),
        "Any": _mapping(
            {"any": _described("every endpoint that passes; `{}` is all", _mapping(facts))}, required="any"
        ),
        "Try": {
            "anyOf": [
                {"type": "array", "minItems": 1, "items": _item()},
                {"type": "string", "description": "name of a set"},
            ]
        },
        "Given": _mapping(given | {"text": text}),
        "SignalNames": {"anyOf": [{"enum": ["coarse", "none"]}, names]},
    }


def _item() -> Schema:
    named = {"type": "string", "description": "endpoint id, model id, or `requested`: what the caller named"}
    return {
        "anyOf": [
            {"const": "requested", "description": "the endpoints that the caller named"},
            named,
            {"$ref": "#/$defs/Any"},
            _mapping(
                {"pass": _described("an operator that takes names which the catalogue does not know", _WORD)},
                required="pass",
            ),
        ]
    }


def _mapping(properties: Schema, *, at_least: int = 0, required: str | None = None) -> Schema:
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if at_least:
        made["minProperties"] = at_least
    return made | ({"required": [required]} if required else {})


def _described(description: str, schema: Schema) -> Schema:
    """Editors show the description of the alternative that fits, so each of them gets it."""
    if "anyOf" in schema:
        schema = schema | {"anyOf": [alternative | {"description": description} for alternative in schema["anyOf"]]}
    return {"description": description} | schema


def _signal_test(row: Signal) -> Schema:
    return _test(row.form, list(row.words) if row.words else None, has=False, has_only=False)


def _fact_test(row: Fact) -> Schema:
    words = row.words(_NO_NAMES) if row.words else None
    return _test(row.form, list(words) if words else None, has=row.form == "set", has_only=row.has_only)


def _test(form: str, words: list[str] | None, *, has: bool, has_only: bool) -> Schema:
    value = _value(form, words)
    several = {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]}
    if form in ("word", "set", "ordered"):
        several["anyOf"].append({"type": "string"})  # the name of a set
    operations: Schema = {} if has_only else {"not": _described("true where the inner test is false", several)}
    if has:
        operations["has"] = _described("holds all of these", several)
    if form in ("number", "ordered"):
        bound = {"type": "number"} if form == "number" else value
        operations |= {name: bound for name in ("below", "above", "at_least", "at_most")}
    operated = _mapping(operations, at_least=1)
    return operated if has_only else {"anyOf": [*several["anyOf"], operated]}


def _value(form: str, words: list[str] | None) -> Schema:
    if form == "bool":
        return {"type": "boolean"}
    if form == "number":
        return {"type": "number"}
    if not words:
        return {"type": ["string", "number"]}
    return {"$ref": f"#/$defs/{_LONG[tuple(words)]}"} if tuple(words) in _LONG else {"enum": words}


def _given(row: Signal) -> Schema:
    value = _value(row.form, list(row.words) if row.words else None)
    several = [value, {"type": "array", "items": value}] if row.form == "set" else [value]
    return {"anyOf": [*several, {"const": "unknown", "description": "could not be computed or read"}, {"type": "null"}]}
