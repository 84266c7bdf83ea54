"""The text of a request body, as every text signal reads it: all of it, and whether that was all there is to read.

Whatever goes upstream is read here, or is inert (`signals/inert.py`), or makes the text count as not wholly read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gateway.interfaces import INTERFACES, Interface
from gateway.request import Message
from gateway.signals.invisible import visible
from gateway.signals.read.asked import asked
from gateway.signals.read.content import common, content, labels, message
from gateway.signals.read.fields import (
    STORED,
    Found,
    Malformed,
    as_json,
    as_list,
    as_object,
    besides,
    definitions,
    field,
    rest,
    stored,
)
from gateway.signals.text import MOST_PASSAGES, SCANNED_CHARS, Passage, Text

__all__ = ["Malformed", "read"]

Talk = Sequence[Message]


def read(kind: str, fields: Mapping[str, object], talk: Talk | None = None) -> Text:
    """The text of a body of this kind. Raises Malformed. `talk`: its messages, where they are common ones."""
    passages: list[Passage] = []
    readable, left = True, SCANNED_CHARS
    for number, passage in enumerate(_found(INTERFACES[kind], fields, talk)):
        if passage is None or number == MOST_PASSAGES:
            readable = False
            if number == MOST_PASSAGES:
                break
            continue
        if not passage.text.isascii():
            seen, hides = visible(passage.text)
            readable = readable and not hides
            passage = passage if seen is passage.text else Passage(passage.role, seen, passage.beside)
        if len(passage.text) <= left:
            passages.append(passage)
            left -= len(passage.text)
        else:
            passages.append(Passage(passage.role, passage.text[:left]))
            readable, left = False, 0
            break
    return Text(tuple(passages), readable)


def _found(interface: Interface, fields: Mapping[str, object], talk: Talk | None) -> Found:
    if interface.text == "fields":
        return asked(fields, (interface.content, *interface.beside), interface.files)
    if interface.text == "messages":
        return _messages(fields, talk)
    return _turns(fields, talk) if interface.text == "chat" else _READERS[interface.text](fields)


def _messages(fields: Mapping[str, object], talk: Talk | None) -> Found:
    if "system" in fields:
        yield from content(field(fields, "system"), "system", "system")
    yield from _turns(fields, talk, "system")


def _turns(fields: Mapping[str, object], talk: Talk | None, *read_already: str) -> Found:
    if talk is not None:
        yield from definitions(fields)
        yield from besides(fields, "messages", *read_already)
        yield from common(talk)
        return
    turns = [
        as_object(turn, f"messages[{index}]")
        for index, turn in enumerate(as_list(field(fields, "messages"), "messages"))
    ]
    yield from definitions(fields)
    yield from besides(fields, "messages", *read_already)
    for turn in turns:
        yield from labels(turn)
    for index, turn in enumerate(turns):  # next to each other: a number may be cut over two of them
        yield from message(turn, f"messages[{index}]")


def _responses(fields: Mapping[str, object]) -> Found:
    yield from stored(fields)
    instructions = field(fields, "instructions")
    if instructions is not None:
        yield from content(instructions, "system", "instructions")
    yield from definitions(fields)
    yield from besides(fields, "input", "instructions", "prompt", *STORED)
    given = field(fields, "input")
    if isinstance(given, str):
        yield Passage("user", given)
        return
    for index, item in enumerate(as_list(given, "input") if given is not None else ()):
        yield from _item(as_object(item, f"input[{index}]"), f"input[{index}]")


def _item(item: dict[str, object], param: str) -> Found:
    """One item of a responses input."""
    kind = item.get("type", "message")
    if kind == "message":
        yield from labels(item)
        yield from message(item, param)
    elif kind in ("function_call", "custom_tool_call"):
        yield as_json("tool", {name: value for name, value in item.items() if name != "type"})
    elif kind in ("function_call_output", "custom_tool_call_output"):
        yield from content(item.get("output"), "tool", f"{param}.output")
        yield from rest(item, "tool", "type", "output")
    elif kind == "reasoning":
        for name in ("summary", "content"):
            yield from content(item.get(name), "assistant", f"{param}.{name}")
        yield from rest(item, "tool", "type", "summary", "content", "encrypted_content")
        if item.get("encrypted_content"):
            yield None
    else:
        yield as_json("tool", item)
        yield None


def _completion(fields: Mapping[str, object]) -> Found:
    yield from definitions(fields)
    yield from besides(fields, "prompt")
    yield from _plain(field(fields, "prompt"), "prompt")


def _embedding(fields: Mapping[str, object]) -> Found:
    yield from definitions(fields)
    yield from besides(fields, "input")
    yield from _plain(field(fields, "input"), "input")


def _plain(value: object, param: str) -> Found:
    """A string, a list of strings, or tokens: those are not read."""
    if isinstance(value, str):
        yield Passage("user", value)
        return
    for index, item in enumerate(as_list(value, param, "a string or a list")):
        if isinstance(item, str):
            yield Passage("user", item)
        elif isinstance(item, int | list | dict):
            yield None
        else:
            raise Malformed(f"{param}[{index}]", "a string or a list of tokens")


_READERS: Final[Mapping[str, Callable[[Mapping[str, object]], Found]]] = {
    "completion": _completion,
    "embedding": _embedding,
    "responses": _responses,
}
