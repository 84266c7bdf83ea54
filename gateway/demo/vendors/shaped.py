"""The plainest JSON that keeps to a schema, made of the words and numbers of a text; pure.

`pattern`, `not` and `if` are not looked at.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_DEEP = 8  # a schema that names itself ends there
_LONG = 10_000  # characters
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SUBJECT = re.compile(r"(?<=[a-z0-9,] )[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")  # capital letters inside a sentence: a name
_FORMATS = {
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "date-time": "2026-01-31T12:00:00Z",
    "duration": "P1D",
    "email": "simulated@example.com",
    "uri": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


@dataclass
class Words:
    """What the strings and numbers of an instance are made of."""

    text: str
    subject: str = ""  # of the strings instead of the whole text
    numbers: Iterator[float] = field(default_factory=lambda: iter(()))
    values: int = 2_000  # that may still be made: a schema may ask for any number


def shaped(form: dict[str, Any] | None, text: str) -> str:
    """The text as it is, unless JSON is asked for (`Asked.form`)."""
    if form is None:
        return text
    if form["type"] == "json_object":
        return json.dumps({"simulated": True, "answer": text}, ensure_ascii=False)
    return json.dumps(instance(form["schema"], Words(text)), ensure_ascii=False)


def arguments(schema: dict[str, Any], prompt: str) -> str:
    """Of a tool, as JSON: the name that the prompt names, or all of it, and its numbers in order."""
    found = _SUBJECT.search(prompt)
    numbers = (float(number) for number in _NUMBER.findall(prompt))
    words = Words(prompt, subject=found[0] if found else "", numbers=numbers)
    return json.dumps(instance({"type": "object", **schema}, words), ensure_ascii=False)


def numbers_in(prompt: str) -> int:
    """How many it names."""
    return len(_NUMBER.findall(prompt))


def instance(schema: Any, words: Words) -> Any:
    """The plainest value of a schema."""
    return _value(schema, schema, words, 0)


def _value(schema: Any, root: Any, words: Words, depth: int) -> Any:
    words.values -= 1
    if words.values < 0:
        return None
    if not isinstance(schema, dict):
        return words.text
    schema = _resolved(schema, root, depth)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = _kind(schema)
    if kind == "object":
        return _object(schema, root, words, depth)
    if kind == "array":
        return _array(schema, root, words, depth)
    if kind in ("integer", "number"):
        return _number(schema, words, whole=kind == "integer")
    return {"boolean": True, "null": None}[kind] if kind in ("boolean", "null") else _string(schema, words)


def _resolved(schema: dict[str, Any], root: Any, depth: int) -> dict[str, Any]:
    """One schema instead of references, of several that must all hold and of several of which one must."""
    for _ in range(_DEEP if depth <= 2 * _DEEP else 0):
        rest = {name: part for name, part in schema.items() if name not in ("$ref", "allOf", "anyOf", "oneOf")}
        if "$ref" in schema:
            schema = _both(_named(str(schema["$ref"]), root), rest)
        elif schema.get("allOf"):
            for part in schema["allOf"]:
                rest = _both(_resolved(part, root, depth + _DEEP), rest)
            schema = rest
        elif schema.get("anyOf") or schema.get("oneOf"):
            schema = _both(_chosen(schema.get("anyOf") or schema["oneOf"], depth), rest)
        else:
            return schema
    return {"type": "null"}


def _chosen(several: list[Any], depth: int) -> dict[str, Any]:
    """The first that says something; deep down, nothing if that will do."""
    plain = [each for each in several if isinstance(each, dict)]
    nothing = [each for each in plain if each.get("type") == "null"]
    something = [each for each in plain if each.get("type") != "null"]
    return (nothing or something or [{}])[0] if depth > _DEEP // 2 else (something or nothing or [{}])[0]


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Properties and what is required are added up; of everything else the other's counts."""
    made = {**one, **other}
    if "properties" in one and "properties" in other:
        made["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        made["required"] = [*one["required"], *other["required"]]
    return made


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _object(schema: dict[str, Any], root: Any, words: Words, depth: int) -> dict[str, Any]:
    parts = dict(schema.get("properties") or {})
    needed = schema.get("required") or []
    parts |= {name: schema.get("additionalProperties") or {} for name in needed if name not in parts}
    wanted = parts if depth <= _DEEP // 2 else {name: parts[name] for name in needed}
    return {} if depth > 2 * _DEEP else {name: _value(part, root, words, depth + 1) for name, part in wanted.items()}


def _array(schema: dict[str, Any], root: Any, words: Words, depth: int) -> list[Any]:
    first = [_value(part, root, words, depth + 1) for part in schema.get("prefixItems") or ()]
    least = max(schema.get("minItems", 0), 1 if depth <= _DEEP // 2 and not first else 0)
    count = min(least, schema.get("maxItems", least), words.values) - len(first)
    rest = [_value(schema.get("items", {}), root, words, depth + 1) for _ in range(max(count, 0))]
    if schema.get("uniqueItems"):
        rest = [f"{value} {place}" if isinstance(value, str) else value for place, value in enumerate(rest, 1)]
    return first + rest


def _number(schema: dict[str, Any], words: Words, *, whole: bool) -> float:
    step = schema.get("multipleOf") or 1
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    value = min(max(next(words.numbers, 0.0), low), high)
    if whole or "multipleOf" in schema:
        value = math.ceil(value / step) * step
    outside = value > high or value == schema.get("exclusiveMaximum")
    if outside or value == schema.get("exclusiveMinimum"):
        value += -step if outside else step
    return int(value) if whole else value


def _string(schema: dict[str, Any], words: Words) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    text = words.subject or words.text
    return text[: schema.get("maxLength", len(text))].ljust(min(schema.get("minLength", 0), _LONG), ".")


def _named(reference: str, root: Any) -> dict[str, Any]:
    found: Any = root
    for word in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(word) if word and isinstance(found, dict) else found
    return found if isinstance(found, dict) else {}
