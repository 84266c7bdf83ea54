"""Fields that are not the content itself: whatever of them is not inert is read too, names of unknown ones included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, cast

import msgspec

from gateway.signals.decode import decoded
from gateway.signals.inert import FEWEST_DIGITS, NAMES, says_nothing
from gateway.signals.text import Passage

Found = Iterator[Passage | None]  # None: something is there that cannot be read


class Malformed(ValueError):
    """A field has not the shape its dialect gives it; `param` names it as callers would: `messages[3].content`."""

    def __init__(self, param: str, expected: str) -> None:
        super().__init__(f"`{param}` must be {expected}")
        self.param = param


_FORMS: Final = ("response_format", "text", "output_config", "output_format")  # of the answer; text only with a schema
_DEFINITIONS: Final = ("tools", "functions", "prediction", *_FORMS)
STORED: Final = ("previous_response_id", "conversation", "container")
_ESCAPE: Final = re.compile(r"(?<!\\)\\++u([0-9a-fA-F]{4})")
_EXPONENT: Final = re.compile(r"(?<![\w.\"])[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]{1,2}(?![\w.])")


def besides(fields: Mapping[str, object], *read_already: str) -> Found:
    """Every other field of a body: templates, documents, names of people leave with the request too."""
    for name, value in fields.items():
        if name in read_already or name in _DEFINITIONS or name == "model":  # the model's name is replaced
            continue
        if name not in NAMES:
            yield Passage("tool", name, beside=True)
        if not isinstance(value, msgspec.Raw) or _may_speak(bytes(value)):
            yield from beside(name, field(fields, name), "tool")
        if name == "prompt_embeds":
            yield None


def _may_speak(written: bytes) -> bool:
    return written[:1] in (b'"', b"[", b"{") or len(written) >= FEWEST_DIGITS


def rest(values: Mapping[str, object], role: str, *read_already: str) -> Found:
    """What else an object of the content holds: a vendor may put it before the model, whatever it is called."""
    for name, value in values.items():
        if name in read_already:
            continue
        if name not in NAMES:
            yield Passage("tool", name, beside=True)
        yield from beside(name, value, role)


def beside(name: str, value: object, role: str) -> Found:
    """One value, unless it is inert."""
    if says_nothing(name, value):
        return
    if isinstance(value, str):
        yield Passage(role, value, beside=True)
    elif isinstance(value, int | float):
        yield Passage("tool", number(value), beside=True)
    else:
        yield as_json("tool", value)


def definitions(fields: Mapping[str, object]) -> Found:
    """Tool definitions and schemas, whole: names, descriptions and examples all reach the model."""
    for name in _DEFINITIONS:
        if name in fields:
            value = field(fields, name)
            for item in value if isinstance(value, list) else (value,) if value else ():
                if not says_nothing(name, item):
                    yield as_json("tool", item)


def stored(fields: Mapping[str, object]) -> Found:
    """Text that the vendor keeps and we never see."""
    if any(field(fields, name) for name in STORED):
        yield None
    if "prompt" in fields:
        yield as_json("system", field(fields, "prompt"))
        yield None


def field(fields: Mapping[str, object], name: str) -> object:
    """Raises Malformed where a value cannot be decoded: skipping it would hide what it says."""
    value = fields.get(name)
    found = decoded(value)
    if found is None and isinstance(value, msgspec.Raw) and bytes(value).strip() != b"null":
        raise Malformed(name, "JSON that nests less deeply")
    return found


def as_json(role: str, value: object) -> Passage:
    """The value as the JSON that leaves, escapes and powers of ten spelled out."""
    text = msgspec.json.encode(value).decode(errors="replace")
    if "\\u" in text:  # JSON within JSON, as tool arguments are: chat templates decode it for the model
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Passage(role, _EXPONENT.sub(lambda found: number(found[0]), text), beside=True)


def number(value: float | str) -> str:
    """In digits, without an exponent."""
    digits = format(Decimal(str(value)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def as_object(value: object, param: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Malformed(param, "an object")
    return cast(dict[str, object], value)


def as_list(value: object, param: str, expected: str = "a list") -> list[object]:
    if not isinstance(value, list):
        raise Malformed(param, expected)
    return value
