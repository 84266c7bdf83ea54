"""The text of bodies that are fields and no messages: a prompt for an image, a query with documents, words to speak."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gateway.signals.inert import says_nothing
from gateway.signals.read.fields import Found, as_json, besides, definitions, field
from gateway.signals.text import Passage

_UNREAD: Final = re.compile(r"image|audio|video|file|mask|url|data|embed|reference|speaker", re.IGNORECASE)
_DATA: Final = re.compile(r"\s*data:", re.IGNORECASE)  # a file in the place of a text
_INERT: Final = frozenset(("output_format", "partial_images", "response_format", "stream_format"))


def asked(fields: Mapping[str, object], content: tuple[str, ...], files: frozenset[str]) -> Found:
    """`content`: the fields that hold what is asked. `files`: those of a form that hold files, which nobody reads."""
    yield from definitions(fields)
    yield from besides(fields, *content, *files)
    for name in files & fields.keys():
        yield from _named(field(fields, name))
    for name in content:
        if name not in files:
            yield from _said(field(fields, name))
    if files or any(_hides(name, field(fields, name)) for name in fields):
        yield None


def _named(value: object) -> Found:
    """What a file is called, and what kind it is."""
    for item in value if isinstance(value, list) else (value,):
        about = item.get("file") if isinstance(item, dict) else None
        for name in ("filename", "media_type"):
            if isinstance(about, dict) and about.get(name):
                yield Passage("user", str(about[name]), beside=True)


def _said(value: object) -> Found:
    """A text, a list of them, or objects that hold them: whatever stands in these is read as it leaves."""
    if isinstance(value, str):
        yield Passage("user", value)
    elif isinstance(value, list):
        for item in value:
            yield from _said(item)
    elif isinstance(value, dict) and isinstance(text := value.get("text"), str):
        yield Passage("user", text)
        if len(value) > 1:
            yield as_json("user", {name: inner for name, inner in value.items() if name != "text"})
    elif isinstance(value, dict):
        yield as_json("user", value)
    elif value is not None:  # tokens, which nobody reads
        yield None


def _hides(name: str, value: object) -> bool:
    """Whether a picture, a sound or a file stands in it, or where one is."""
    waiting = [(name, value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((str(key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            waiting.extend((name, inner) for inner in value)
        elif _is_one(name, value):
            return True
    return False


def _is_one(name: str, value: object) -> bool:
    if isinstance(value, str) and _DATA.match(value):
        return True
    return name not in _INERT and _UNREAD.search(name) is not None and not says_nothing(name, value)
