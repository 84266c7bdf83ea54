"""Shapes of configuration files: pydantic models whose complaints become Problems in the author's words.

A part that does not fit is reported and left out, so that one mistake never hides another.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from gateway.errors import Problem, nearest
from gateway.source.document import Document
from gateway.source.scalar import NotANumber, Real, Whole, resolve, spelled

Location = tuple[str | int, ...]
_AT = "\0at"


class Shape(BaseModel):
    """What a mapping may hold; nothing else is allowed in it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    at: SkipJsonSchema[tuple[str | int, ...]] = Field(default=(), alias=_AT)  # the path of this mapping in its file


def _amount(value: object) -> object:
    if isinstance(value, Whole | Real):
        return Decimal(str(int(value)) if isinstance(value, Whole) else value.spelling)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    raise PydanticCustomError("ours", "expected a number, found {found}", {"found": kind_word(value)})


def _day(value: object) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    shown = f"`{value}`" if isinstance(value, str) else kind_word(value)
    raise PydanticCustomError("ours", "expected a day like 2026-11-15, found {found}", {"found": shown})


Text = Annotated[str, BeforeValidator(spelled), WithJsonSchema({"type": ["string", "number"]})]
Amount = Annotated[Decimal, BeforeValidator(_amount), WithJsonSchema({"type": "number", "minimum": 0})]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]

S = TypeVar("S", bound=Shape)


def validate(document: Document, shape: type[S]) -> tuple[S | None, list[Problem]]:
    """The document in this shape without its bad parts, and a Problem for each of those.

    None if what remains is too little.
    """
    remaining = _marked(document.data, shape, ())
    told: dict[Location, Problem] = {}
    for _ in range(20):
        try:
            return shape.model_validate(remaining), list(told.values())
        except ValidationError as wrong:
            errors = [_placed(remaining, error) for error in wrong.errors(include_url=False)]
        for error in errors:
            path = _original(remaining, error["loc"])
            if not any(earlier[: len(path)] == path for earlier in told):  # what a bad part leaves behind is no mistake
                told.setdefault(path, _problem(document, shape, error, path))
        if not all([_emptied(remaining, error) for error in errors]):
            break
        remaining = _without_gaps(remaining)
    return None, list(told.values())


def kind_word(value: object) -> str:
    """What a value is, in the author's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f"the text `{shortened(value)}`"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    return f"`{spelled(value)}`"


def shortened(text: str) -> str:
    """A word of the author, cut if it is very long."""
    return text if len(text) <= 60 else text[:57] + "…"


_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "decimal_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _problem(document: Document, shape: type[Shape], error: ErrorDetails, location: Location) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    word = str(location[-1]) if location else ""
    if kind == "missing":
        return document.problem(f"`{word}` is missing", location[:-1], help=f"add `{word}: …`")
    if kind == "extra_forbidden":
        help_ = nearest(word, _fields(_within(shape, location[:-1])))
        return document.problem(f"no field is called `{shortened(word)}`", location, key=True, help=help_)
    if location and location[-1] == "[key]":
        return document.problem(error["msg"].lower(), location[:-1], key=True)
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(context["expected"])) or [str(context["expected"])]
        value = spelled(error["input"])
        words = _shown(value) if isinstance(value, str) else kind_word(value)
        return document.problem(f"`{_label(location)}` is never {words}", location, help=nearest(str(value), known))
    return document.problem(_sentence(kind, context, error), location, help=_way_out(shape, location, error))


def _way_out(shape: type[Shape], location: Location, error: ErrorDetails) -> str | None:
    """What the shape says of the field, where the mistake is its form; the quotes, where those are the mistake."""
    if error["type"] == "string_pattern_mismatch":
        return _description(_within(shape, location[:-1]), location[-1])
    value = error["input"]
    quoted = isinstance(value, str) and isinstance(resolved(value), int | float)
    return "write it without quotes" if quoted and "a number" in _sentence(error["type"], {}, error) else None


def resolved(text: str) -> object:
    """The plain scalar that is written like this; None if it is no number that can be compared."""
    try:
        return resolve(text)
    except NotANumber:
        return None


def _description(kind: Any, name: str | int) -> str | None:
    if not _fields(kind):
        return None
    return next((f.description for own, f in kind.model_fields.items() if name in (own, f.alias)), None)


def _sentence(kind: str, context: Mapping[str, Any], error: ErrorDetails) -> str:
    if kind in _WANTED:
        return f"expected {_WANTED[kind]}, found {kind_word(error['input'])}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"`{_label(error['loc'])}` is {words} {context[key]}, not {spelled(error['input'])}"
    if kind in ("too_short", "string_too_short"):
        return f"`{_label(error['loc'])}` is empty"
    if kind in ("too_long", "string_too_long"):
        return f"`{_label(error['loc'])}` is longer than {context['max_length']} letters"
    if kind == "string_pattern_mismatch":
        return f"`{_label(error['loc'])}` cannot be {_shown(str(error['input']))}"
    return error["msg"][:1].lower() + error["msg"][1:]


def _shown(value: str) -> str:
    return f"`{shortened(value)}`" if value else "empty"


def _label(location: Location) -> str:
    return str(next((step for step in reversed(location) if isinstance(step, str)), "this"))


def _placed(data: Any, error: ErrorDetails) -> ErrorDetails:
    """The same without the steps that lead into a kind of a union, and to nothing in the data."""
    steps: list[str | int] = []
    for step in error["loc"]:
        if isinstance(data, list):
            if not isinstance(step, int):
                continue
            data = data[step]
        elif isinstance(data, dict):
            data = data.get(step)
        elif step != "[key]":
            continue
        steps.append(step)
    return {**error, "loc": tuple(steps)}


class _Gap:
    """Stands where a bad item of a list was."""


def _emptied(data: Any, error: ErrorDetails) -> bool:
    """Takes the bad part out; False if that would be everything."""
    location = error["loc"][:-1] if error["type"] == "missing" or error["loc"][-1:] == ("[key]",) else error["loc"]
    if not location:
        return False
    for step in location[:-1]:
        data = data[int(step)] if isinstance(data, list) else data.get(step, {})
        if data is _Gap:
            return True
    if isinstance(data, list):
        data[int(location[-1])] = _Gap
    else:
        data.pop(location[-1], None)
    return True


def _without_gaps(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_gaps(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_gaps(value) for value in data if value is not _Gap]
    return data


def _original(data: Any, location: Location) -> Location:
    """Where the author wrote what stands at `location` in data whose lists have lost items."""
    path: Location = ()
    for step in location:
        if isinstance(data, dict) and _AT in data:
            path = data[_AT]
        inside = isinstance(data, list) or (isinstance(data, dict) and step in data)
        data = data[step] if inside else None
        path = (*path, step)
    return data[_AT] if isinstance(data, dict) and _AT in data else path


def _marked(data: object, annotation: Any, path: Location) -> object:
    """A copy in which every mapping that becomes a Shape says where it stands."""
    kind = _core(annotation)
    if isinstance(data, dict):
        marks: dict[str, object] = {_AT: path} if _fields(kind) else {}
        return marks | {key: _marked(value, _step(kind, key), (*path, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [_marked(value, _step(kind, place), (*path, place)) for place, value in enumerate(data)]
    return data


def _within(annotation: Any, location: Location) -> Any:
    """The type that describes what stands at `location`."""
    for step in location:
        annotation = _step(_core(annotation), step)
    return _core(annotation)


def _step(kind: Any, step: str | int) -> Any:
    if _fields(kind):
        return _fields(kind).get(str(step), object)
    arguments = get_args(kind)
    return arguments[-1] if get_origin(kind) in (dict, list) and arguments else object


def _core(annotation: Any) -> Any:
    """The type without Annotated and without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _core(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return next((_core(kind) for kind in get_args(annotation) if kind is not type(None)), object)
    return annotation


@cache
def _fields(kind: Any) -> Mapping[str, Any]:
    """What a Shape's mapping may hold, with the types; nothing for any other type."""
    if not (isinstance(kind, type) and issubclass(kind, Shape)):
        return {}
    return {f.alias or name: f.annotation for name, f in kind.model_fields.items() if f.alias != _AT}
