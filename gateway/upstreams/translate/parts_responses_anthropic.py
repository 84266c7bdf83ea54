"""Responses to Messages: what a message or a tool's output holds, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.upstreams.translate.parts_openai_anthropic import Block, base64_in, said
from gateway.upstreams.translate.reading import Draft, items, known, text
from gateway.upstreams.translate.spec import Untranslatable

_HINTS = frozenset({"type", "prompt_cache_breakpoint"})  # of prices: they change no answer
_TEXTS = ("input_text", "output_text", "text")
_KEPT = "is kept by another vendor; send it itself"
_WEB = ("https://", "http://")


def texts(value: object, path: str) -> list[Block]:
    """A string, or parts that are nothing but text."""
    return _read(value, path, dict.fromkeys(_TEXTS, _text))


def blocks(value: object, path: str) -> list[Block]:
    """Of a user, or what a tool gave."""
    return _read(value, path, _READERS)


def spoken(value: object, path: str, draft: Draft) -> list[Block]:
    """Of the assistant."""
    if isinstance(value, str):
        return said(value)
    found: list[Block] = []
    for place, part in items(value, path):
        if part.get("type") == "refusal":
            known(part, _HINTS | {"refusal"}, place)
            draft.adapt(place, "refusal→text")
            found += said(text(part.get("refusal"), f"{place}.refusal"))
        elif part.get("type") in _TEXTS:
            if part.get("annotations"):
                draft.adapt(f"{place}.annotations", "left out")
            found += _text(part, place)
        else:
            raise Untranslatable(place, "must be a text or a refusal")
    return found


_Reader = Callable[[Mapping[str, Any], str], list[Block]]


def _read(value: object, path: str, readers: Mapping[str, _Reader]) -> list[Block]:
    if isinstance(value, str):
        return said(value)
    found: list[Block] = []
    for place, part in items(value, path):
        kind = part.get("type")
        read = readers.get(kind) if isinstance(kind, str) else None
        if read is None:
            raise Untranslatable(place, f"of type `{str(kind)[:60]}` has no place here in the upstream's dialect")
        found += read(part, place)
    return found


def _text(part: Mapping[str, Any], path: str) -> list[Block]:
    known(part, _HINTS | {"text", "annotations", "logprobs"}, path)
    return said(text(part.get("text"), f"{path}.text"))


def _image(part: Mapping[str, Any], path: str) -> list[Block]:
    if part.get("file_id") is not None:
        raise Untranslatable(f"{path}.file_id", f"{_KEPT} in `image_url`")
    known(part, _HINTS | {"image_url", "detail"}, path)
    if part.get("detail") not in (None, "auto"):
        raise Untranslatable(f"{path}.detail", "must be `auto`: the upstream chooses the detail itself")
    url = text(part.get("image_url"), f"{path}.image_url")
    if url.lower().startswith(_WEB):
        return [{"type": "image", "source": {"type": "url", "url": url}}]
    media, data = base64_in(url, f"{path}.image_url")
    return [{"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}]


def _file(part: Mapping[str, Any], path: str) -> list[Block]:
    if part.get("file_id") is not None:
        raise Untranslatable(f"{path}.file_id", f"{_KEPT} in `file_data`")
    known(part, _HINTS | {"file_data", "file_url", "filename", "detail"}, path)
    if part.get("detail") not in (None, "auto"):
        raise Untranslatable(f"{path}.detail", "must be `auto`: the upstream chooses the detail itself")
    if part.get("file_url") is not None:
        source = {"type": "url", "url": text(part["file_url"], f"{path}.file_url")}
    else:
        media, data = base64_in(text(part.get("file_data"), f"{path}.file_data"), f"{path}.file_data")
        if media != "application/pdf":
            raise Untranslatable(f"{path}.file_data", "must be a PDF: the upstream takes no other file")
        source = {"type": "base64", "media_type": media, "data": data}
    made: Block = {"type": "document", "source": source}
    if part.get("filename") is not None:
        made["title"] = text(part["filename"], f"{path}.filename")
    return [made]


_READERS: dict[str, _Reader] = {**dict.fromkeys(_TEXTS, _text), "input_image": _image, "input_file": _file}
