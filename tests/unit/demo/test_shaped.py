"""Claims about `response_format` at the simulated vendors."""

from __future__ import annotations

import json

import jsonschema
import pytest

from gateway.demo.vendors.shaped import shaped

NODE = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}}
SCHEMAS = [
    {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}, "required": ["a", "n"]},
    {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2},
    {"$ref": "#/$defs/p", "$defs": {"p": {"type": "object", "properties": {"ok": {"type": ["boolean", "null"]}}}}},
    {"anyOf": [{"type": "number"}, {"type": "null"}]},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_simulated_answer_keeps_to_the_schema_that_is_asked_for(schema):
    said = json.loads(shaped({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}, "hello"))

    jsonschema.validate(said, schema)


def test_json_mode_gets_an_object_that_says_it_is_simulated():
    assert json.loads(shaped({"type": "json_object"}, "hello")) == {"simulated": True, "answer": "hello"}


@pytest.mark.parametrize("asked", [None, {"type": "text"}, {}])
def test_whoever_asks_for_no_json_gets_the_text(asked):
    assert shaped(asked, "hello") == "hello"


def test_a_schema_that_names_itself_ends():
    schema = {"$ref": "#/$defs/n", "$defs": {"n": NODE}}

    assert shaped({"type": "json_schema", "json_schema": {"schema": schema}}, "hello").startswith('{"next"')
