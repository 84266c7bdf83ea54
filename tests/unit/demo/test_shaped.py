"""Claims about `response_format` at the simulated vendors."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.demo.vendors.shaped import arguments, shaped

NODE = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}}
SCHEMAS = [
    {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}, "required": ["a", "n"]},
    {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2},
    {"$ref": "#/$defs/p", "$defs": {"p": {"type": "object", "properties": {"ok": {"type": ["boolean", "null"]}}}}},
    {"anyOf": [{"type": "number"}, {"type": "null"}]},
    {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 3}]},
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"b": {"const": 7}}, "required": ["b"]},
        ],
        "required": ["c"],
    },
    {"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "integer"}], "items": False, "minItems": 2},
    {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "string"}, "maxItems": 0},
    {"type": "string", "minLength": 40},
    {"type": "object", "additionalProperties": {"type": "integer"}, "required": ["x"]},
    {
        "$ref": "#/$defs/tree",
        "$defs": {
            "tree": {
                "type": "object",
                "required": ["leaf", "under"],
                "properties": {
                    "leaf": {"type": "string"},
                    "under": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
                },
            }
        },
    },
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_simulated_answer_keeps_to_the_schema_that_is_asked_for(schema):
    said = json.loads(shaped({"type": "json_schema", "schema": schema}, "hello"))

    jsonschema.validate(said, schema)


def test_json_mode_gets_an_object_that_says_it_is_simulated():
    assert json.loads(shaped({"type": "json_object"}, "hello")) == {"simulated": True, "answer": "hello"}


def test_whoever_asks_for_no_json_gets_the_text():
    assert shaped(None, "hello") == "hello"


def test_a_schema_that_names_itself_ends():
    schema = {"$ref": "#/$defs/n", "$defs": {"n": NODE}}

    assert shaped({"type": "json_schema", "schema": schema}, "hello").startswith('{"next"')


@pytest.mark.parametrize("schema", [
    {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    {"type": "array", "items": {"type": "array", "items": {"type": "array", "minItems": 9**9}, "minItems": 9**9},
     "minItems": 9**9},
    {"type": "string", "minLength": 9**9},
    {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]},
])  # fmt: skip
def test_no_schema_makes_it_write_without_end(schema):
    assert len(shaped({"type": "json_schema", "schema": schema}, "hello")) < 100_000


BOUNDS = {
    "minimum": st.integers(-50, 0), "maximum": st.integers(1, 50), "exclusiveMinimum": st.integers(-50, -1),
    "exclusiveMaximum": st.integers(2, 50), "multipleOf": st.sampled_from([1, 2]),
}  # fmt: skip
NUMBERS = st.builds(
    lambda kind, bounds: {"type": kind, **bounds}, st.sampled_from(["integer", "number"]),
    st.fixed_dictionaries({}, optional=BOUNDS),
)  # fmt: skip
PLAIN = st.one_of(
    NUMBERS,
    st.builds(lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more}, st.integers(0, 9),
              st.integers(0, 9)),
    st.sampled_from([{"type": "boolean"}, {"type": ["null", "string"]}, {"enum": [3, "x"]}, {}]),
)  # fmt: skip
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"type": "object", "properties": parts, "required": list(parts)},
                  st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
        st.builds(lambda each, least: {"type": "array", "items": each, "minItems": least}, inner, st.integers(0, 2)),
        st.builds(lambda each: {"oneOf": [each, {"type": "null"}]}, inner.filter(
            lambda each: each != {} and "null" not in str(each))),
    ),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.thorough
@settings(max_examples=60)
@given(NESTED)
def test_whatever_is_made_keeps_to_its_schema(schema):
    jsonschema.validate(json.loads(shaped({"type": "json_schema", "schema": schema}, "hello 12")), schema)


def test_arguments_are_taken_out_of_the_prompt():
    schema = {"properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}}}

    made = json.loads(arguments(schema, "What will the weather be in San Francisco for 3 days?"))
    assert made == {"city": "San Francisco", "days": 3, "unit": "C"}
