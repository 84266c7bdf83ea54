"""Chat Completions to Messages: what a message holds, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.upstreams.translate.reading import items, known, mapping, text
from gateway.upstreams.translate.spec import Untranslatable

Block = dict[str, Any]
_HINTS = frozenset({"type", "prompt_cache_breakpoint", "cache_control"})  # of prices: they change no answer


def texts(value: object, path: str) -> list[Block]:
    """A string, or parts that are nothing but text."""
    return _read(value, path, ("text",), "is no text, and nothing else has a place here in the upstream's dialect")


def blocks(value: object, path: str) -> list[Block]:
    """Of a user, or what a tool gave."""
    return _read(value, path, ("text", "image_url", "file"), None)


def spoken(value: object, path: str) -> list[tuple[str, Block]]:
    """Of the assistant, each with what it was in Chat: `text` or `refusal`; and with no place where it is a string."""
    if isinstance(value, str):
        return [("text", block) for block in said(value)]
    found = []
    for place, part in items(value, path):
        kind = part.get("type")
        if kind not in ("text", "refusal"):
            raise Untranslatable(place, "must be a text or a refusal")
        known(part, _HINTS | {kind}, place)
        found += [(kind, block) for block in said(text(part.get(kind), f"{place}.{kind}"))]
    return found


def plainly(found: list[Block]) -> str | list[Block]:
    """One text is a string, which every server takes."""
    return found[0]["text"] if len(found) == 1 and found[0]["type"] == "text" else found


def _read(value: object, path: str, kinds: tuple[str, ...], why: str | None) -> list[Block]:
    if isinstance(value, str):
        return said(value)
    found: list[Block] = []
    for place, part in items(value, path):
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in kinds:
            raise Untranslatable(place, why or f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")
        found += _READERS[kind](part, place)
    return found


def said(words: str) -> list[Block]:
    """Messages refuses texts that hold nothing, which say nothing."""
    return [{"type": "text", "text": words}] if words.strip() else []


def _text(part: Mapping[str, Any], path: str) -> list[Block]:
    known(part, _HINTS | {"text"}, path)
    return said(text(part.get("text"), f"{path}.text"))


def _image(part: Mapping[str, Any], path: str) -> list[Block]:
    known(part, _HINTS | {"image_url"}, path)
    image = mapping(part.get("image_url"), f"{path}.image_url")
    known(image, frozenset({"url", "detail"}), f"{path}.image_url")
    if image.get("detail") not in (None, "auto"):
        raise Untranslatable(f"{path}.image_url.detail", "must be `auto`: the upstream chooses the detail itself")
    url = text(image.get("url"), f"{path}.image_url.url")
    if url.lower().startswith(("https://", "http://")):
        return [{"type": "image", "source": {"type": "url", "url": url}}]
    media, data = base64_in(url, f"{path}.image_url.url")
    return [{"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}]


def _file(part: Mapping[str, Any], path: str) -> list[Block]:
    known(part, _HINTS | {"file"}, path)
    file = mapping(part.get("file"), f"{path}.file")
    if file.get("file_id") is not None:
        raise Untranslatable(f"{path}.file.file_id", "is kept by another vendor; send the file itself in `file_data`")
    known(file, frozenset({"file_data", "filename"}), f"{path}.file")
    media, data = base64_in(text(file.get("file_data"), f"{path}.file.file_data"), f"{path}.file.file_data")
    if media != "application/pdf":
        raise Untranslatable(f"{path}.file.file_data", "must be a PDF: the upstream takes no other file")
    made: Block = {"type": "document", "source": {"type": "base64", "media_type": media, "data": data}}
    if file.get("filename") is not None:
        made["title"] = text(file["filename"], f"{path}.file.filename")
    return [made]


def base64_in(url: str, path: str) -> tuple[str, str]:
    """The media type and the data of `data:TYPE;base64,DATA`."""
    head, _, data = url.partition(",")
    scheme, _, kinds = head.partition(":")
    media, *more = kinds.lower().split(";")
    if scheme.lower() != "data" or "base64" not in more or not media or not data:
        raise Untranslatable(path, "must be a web address, or `data:` with a media type and base64")
    return media, data


_READERS = {"text": _text, "image_url": _image, "file": _file}
