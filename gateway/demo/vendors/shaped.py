"""A simulated answer in the form that `response_format` asks for; pure."""

from __future__ import annotations

import json
from typing import Any

_DEPTH = 8  # a schema that names itself is cut there
_PLAIN: dict[str, Any] = {"integer": 0, "number": 0.5, "boolean": True, "null": None}


def shaped(response_format: Any, text: str) -> str:
    """The text as it is, unless JSON is asked for."""
    asked = response_format if isinstance(response_format, dict) else {}
    if asked.get("type") == "json_object":
        return json.dumps({"simulated": True, "answer": text}, ensure_ascii=False)
    if asked.get("type") == "json_schema":
        schema = (asked.get("json_schema") or {}).get("schema") or {}
        return json.dumps(_instance(schema, schema, text, 0), ensure_ascii=False)
    return text


def _instance(schema: Any, root: dict[str, Any], text: str, depth: int) -> Any:
    """The plainest value of a schema; every string in it is the text, unless the schema lists the strings."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return None
    if "$ref" in schema:
        return _instance(_named(str(schema["$ref"]), root), root, text, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for several in ("anyOf", "oneOf", "allOf"):
        if schema.get(several):
            return _instance(schema[several][0], root, text, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        parts = schema.get("properties") or {}
        return {name: _instance(part, root, text, depth + 1) for name, part in parts.items()}
    if kind == "array":
        return [_instance(schema.get("items") or {}, root, text, depth + 1)] * max(1, schema.get("minItems", 1))
    return _PLAIN.get(kind, text)


def _named(reference: str, root: dict[str, Any]) -> Any:
    found: Any = root
    for word in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(word) if word and isinstance(found, dict) else found
    return found
