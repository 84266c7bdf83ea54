"""Responses to Chat Completions: what a message or a tool's output holds, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.upstreams.translate.reading import Draft, items, known, text
from gateway.upstreams.translate.spec import Untranslatable

Part = dict[str, Any]
_HINTS = frozenset({"type", "prompt_cache_breakpoint"})  # of prices: they change no answer
_TEXTS = ("input_text", "output_text", "text")
_KEPT = "is kept by its vendor; send it itself"


def texts(value: object, path: str) -> list[Part]:
    """A string, or parts that are nothing but text."""
    found = parts(value, path)
    for place, part in enumerate(found):
        if part["type"] != "text":
            raise Untranslatable(f"{path}[{place}]", "is no text, and nothing else has a place here")
    return found


def parts(value: object, path: str) -> list[Part]:
    """Of a user, or what a tool gave: as many as were given."""
    if isinstance(value, str):
        return [_said(value)]
    found = []
    for place, part in items(value, path):
        kind = part.get("type")
        read = _READERS.get(kind) if isinstance(kind, str) else None
        if read is None:
            raise Untranslatable(place, f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")
        found.append(read(part, place))
    return found


def spoken(value: object, path: str, draft: Draft) -> tuple[list[Part], list[str]]:
    """Of the assistant: what it said, and what it said in refusing."""
    if isinstance(value, str):
        return [_said(value)], []
    said, refused = [], []
    for place, part in items(value, path):
        if part.get("type") == "refusal":
            known(part, _HINTS | {"refusal"}, place)
            refused.append(text(part.get("refusal"), f"{place}.refusal"))
        elif part.get("type") in _TEXTS:
            if part.get("annotations"):
                draft.adapt(f"{place}.annotations", "left out")
            more = {name: value for name, value in part.items() if name not in ("annotations", "logprobs")}
            said.append(_text(more, place))
        else:
            raise Untranslatable(place, "must be a text or a refusal")
    return said, refused


def plainly(found: list[Part]) -> str | list[Part]:
    """One text is a string, which every server takes; a text of nothing says nothing."""
    said = [part for part in found if part.get("text") != ""]
    if not said:
        return ""
    alone = len(said) == 1 and said[0]["type"] == "text"
    return str(said[0]["text"]) if alone else said


def _said(words: str) -> Part:
    return {"type": "text", "text": words}


def _text(part: Mapping[str, Any], path: str) -> Part:
    known(part, _HINTS | {"text"}, path)
    return _said(text(part.get("text"), f"{path}.text"))


def _image(part: Mapping[str, Any], path: str) -> Part:
    if part.get("file_id") is not None:
        raise Untranslatable(f"{path}.file_id", f"{_KEPT} in `image_url`")
    known(part, _HINTS | {"image_url", "detail"}, path)
    image = {"url": text(part.get("image_url"), f"{path}.image_url")}
    if part.get("detail") is not None:
        image["detail"] = text(part["detail"], f"{path}.detail")
    return {"type": "image_url", "image_url": image}


def _file(part: Mapping[str, Any], path: str) -> Part:
    for name in ("file_id", "file_url"):
        if part.get(name) is not None:
            why = _KEPT if name == "file_id" else "has no place in the upstream's dialect; send the file itself"
            raise Untranslatable(f"{path}.{name}", f"{why} in `file_data`")
    known(part, _HINTS | {"file_data", "filename", "detail"}, path)
    if part.get("detail") not in (None, "auto"):
        raise Untranslatable(f"{path}.detail", "must be `auto`: the upstream chooses the detail of files itself")
    file = {"file_data": text(part.get("file_data"), f"{path}.file_data")}
    if part.get("filename") is not None:
        file["filename"] = text(part["filename"], f"{path}.filename")
    return {"type": "file", "file": file}


_READERS: dict[str, Callable[[Mapping[str, Any], str], Part]] = {
    **dict.fromkeys(_TEXTS, _text),
    "input_image": _image,
    "input_file": _file,
}
