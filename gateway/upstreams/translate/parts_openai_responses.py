"""Chat Completions to Responses: what a message holds, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.upstreams.translate.reading import items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Untranslatable

Part = dict[str, Any]
_BREAK = "prompt_cache_breakpoint"  # Responses have it under the same name
_HINTS = frozenset({"type", _BREAK, "cache_control"})  # of prices: they change no answer


def texts(value: object, path: str) -> str | list[Part]:
    """A string, or parts that are nothing but text."""
    return _read(value, path, ("text",))


def parts(value: object, path: str) -> str | list[Part]:
    """Of a user, or what a tool gave."""
    return _read(value, path, ("text", "image_url", "file"))


def spoken(value: object, path: str) -> list[Part]:
    """Of the assistant: texts and refusals; none where it said nothing."""
    if value is None or isinstance(value, str):
        return [{"type": "output_text", "text": value}] if value else []
    found = []
    for place, part in items(value, path):
        kind = part.get("type")
        if kind not in ("text", "refusal"):
            raise Untranslatable(place, "must be a text or a refusal")
        known(part, _HINTS | {kind}, place)
        words = text(part.get(kind), f"{place}.{kind}")
        found.append({"type": "output_text" if kind == "text" else "refusal", kind: words})
    return found


def plainly(found: list[Part]) -> str | list[Part]:
    """One text is a string, which every server takes."""
    alone = len(found) == 1 and found[0].keys() == {"type", "text"}
    return str(found[0]["text"]) if alone else found


def as_input(part: Mapping[str, Any]) -> Part:
    """A part of a Chat message, known to be sound, as it is in a Response's input."""
    if part["type"] == "text":
        made = {"type": "input_text", "text": part["text"]}
    elif part["type"] == "image_url":
        image = part["image_url"]
        made = {"type": "input_image", "image_url": image["url"], "detail": image.get("detail") or "auto"}
    else:
        file = part["file"]
        made = {"type": "input_file", **{name: value for name, value in file.items() if value is not None}}
    if part.get(_BREAK) is not None:
        made[_BREAK] = part[_BREAK]
    return made


def _read(value: object, path: str, kinds: tuple[str, ...]) -> str | list[Part]:
    if isinstance(value, str):
        return value
    found: list[Part] = []
    for place, part in items(value, path):
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in kinds:
            raise Untranslatable(place, f"of type `{str(kind)[:60]}` has no place here in the upstream's dialect")
        _CHECKS[kind](part, place)
        found.append(as_input(part))
    return plainly(found)


def _text(part: Mapping[str, Any], path: str) -> None:
    known(part, _HINTS | {"text"}, path)
    text(part.get("text"), f"{path}.text")


def _image(part: Mapping[str, Any], path: str) -> None:
    known(part, _HINTS | {"image_url"}, path)
    image = mapping(part.get("image_url"), f"{path}.image_url")
    known(image, frozenset({"url", "detail"}), f"{path}.image_url")
    text(image.get("url"), f"{path}.image_url.url")


def _file(part: Mapping[str, Any], path: str) -> None:
    known(part, _HINTS | {"file"}, path)
    file = mapping(part.get("file"), f"{path}.file")
    known(file, frozenset({"filename", "file_data", "file_id"}), f"{path}.file")
    if file.get("file_data") is None and file.get("file_id") is None:
        raise wrong(f"{path}.file", "an object with `file_data` or `file_id`")
    for name, value in file.items():
        if value is not None:
            text(value, f"{path}.file.{name}")


_CHECKS: dict[str, Callable[[Mapping[str, Any], str], None]] = {"text": _text, "image_url": _image, "file": _file}
