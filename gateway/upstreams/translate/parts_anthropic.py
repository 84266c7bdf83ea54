"""What a message of Messages holds, block by block, as parts of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.upstreams.translate.reading import items, known, mapping, text
from gateway.upstreams.translate.spec import Untranslatable

Block = Mapping[str, Any]
_SOURCES = {"base64": frozenset({"type", "media_type", "data"}), "url": frozenset({"type", "url"})}
HINTS = frozenset({"type", "cache_control"})  # of prices: they change no answer


def texts_in(value: object, path: str) -> str | list[dict[str, str]]:
    """A string, or blocks that are nothing but text."""
    if isinstance(value, str):
        return value
    parts = [text_part(block, place) for place, block in items(value, path)]
    plain: str | list[dict[str, str]] = plainly(parts)
    return plain


def text_part(block: Block, path: str) -> dict[str, str]:
    """Raises Untranslatable for a block that is something else."""
    if block.get("type") != "text":
        raise Untranslatable(path, "is no text, and nothing else has a place here in the upstream's dialect")
    known(block, HINTS | {"text", "citations"}, path)
    if block.get("citations"):
        raise Untranslatable(f"{path}.citations", "has no place in the upstream's dialect")
    return {"type": "text", "text": text(block.get("text"), f"{path}.text")}


def called(block: Block, path: str) -> tuple[str, str, str]:
    """Of a `tool_use`: its id, the tool's name, the arguments as JSON. What a program called is refused."""
    known(block, HINTS | {"id", "name", "input", "caller"}, path)
    if block.get("caller") not in (None, {"type": "direct"}):
        raise Untranslatable(f"{path}.caller", "names a caller that the upstream has not")
    arguments = msgspec.json.encode(mapping(block.get("input"), f"{path}.input")).decode()
    return text(block.get("id"), f"{path}.id"), text(block.get("name"), f"{path}.name"), arguments


def plainly(parts: list[Any]) -> Any:
    """One text is a string, which every server takes; a text of nothing says nothing."""
    said = [part for part in parts if part.get("text") != ""]
    if not said:
        return ""
    return said[0]["text"] if len(said) == 1 and said[0]["type"] == "text" else said


def read_part(block: Block, path: str) -> dict[str, Any]:
    """A text, an image or a document."""
    kind = block.get("type")
    if kind == "text":
        return text_part(block, path)
    if kind == "image":
        return _image(block, path)
    if kind == "document":
        return _document(block, path)
    raise Untranslatable(path, f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")


def _image(block: Block, path: str) -> dict[str, Any]:
    known(block, HINTS | {"source"}, path)
    source = mapping(block.get("source"), f"{path}.source")
    if isinstance(source.get("type"), str) and source["type"] in _SOURCES:
        known(source, _SOURCES[source["type"]], f"{path}.source")
    if source.get("type") == "base64":
        url = f"data:{text(source.get('media_type'), f'{path}.source.media_type')};base64,"
        return {"type": "image_url", "image_url": {"url": url + text(source.get("data"), f"{path}.source.data")}}
    if source.get("type") == "url":
        return {"type": "image_url", "image_url": {"url": text(source.get("url"), f"{path}.source.url")}}
    raise Untranslatable(f"{path}.source", "must be base64 or a URL: files live at their vendor")


def _document(block: Block, path: str) -> dict[str, Any]:
    known(block, HINTS | {"source", "title", "context", "citations"}, path)
    if block.get("context") or mapping(block.get("citations") or {}, f"{path}.citations").get("enabled"):
        which = "context" if block.get("context") else "citations"
        raise Untranslatable(f"{path}.{which}", "has no place in the upstream's dialect")
    source = mapping(block.get("source"), f"{path}.source")
    if source.get("type") != "base64" or source.get("media_type") != "application/pdf":
        raise Untranslatable(f"{path}.source", "must be a PDF in base64: the upstream takes no other document")
    known(source, _SOURCES["base64"], f"{path}.source")
    data = text(source.get("data"), f"{path}.source.data")
    name = text(block.get("title") or "document.pdf", f"{path}.title")
    return {"type": "file", "file": {"filename": name, "file_data": f"data:application/pdf;base64,{data}"}}
