"""Messages to Chat Completions: the conversation, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.reasoning_seal import is_ours
from gateway.upstreams.translate.spec import Body, Untranslatable

Block = Mapping[str, Any]
_ANYWHERE = frozenset({"type", "cache_control"})


def messages(body: Body, draft: Draft) -> list[dict[str, Any]]:
    """`system` and `messages`. Raises Untranslatable, GatewayError."""
    made: list[dict[str, Any]] = []
    if body.get("system"):
        made.append({"role": "system", "content": _texts(body["system"], "system")})
    last = ""
    for path, message in items(body.get("messages"), "messages"):
        known(message, frozenset({"role", "content", "cache_control"}), path)
        last, content = str(message.get("role")), message.get("content")
        if last == "user":
            made += _user(content, path, draft)
        elif last == "assistant":
            made.append(_assistant(content, path, draft))
        elif last == "system":
            made.append({"role": "system", "content": _texts(content, f"{path}.content")})
        else:
            raise wrong(f"{path}.role", "`user`, `assistant` or `system`")
    if last == "assistant":
        raise Untranslatable(path, "is a beginning of the answer, which the upstream cannot continue")
    return made


def _texts(value: object, path: str) -> str | list[dict[str, str]]:
    """A string, or blocks that are nothing but text."""
    if isinstance(value, str):
        return value
    parts = [_text_part(block, place) for place, block in items(value, path)]
    plain: str | list[dict[str, str]] = _plainly(parts)
    return plain


def _text_part(block: Block, path: str) -> dict[str, str]:
    if block.get("type") != "text":
        raise Untranslatable(path, "is no text, and nothing else has a place here in the upstream's dialect")
    known(block, _ANYWHERE | {"text", "citations"}, path)
    if block.get("citations"):
        raise Untranslatable(f"{path}.citations", "has no place in the upstream's dialect")
    return {"type": "text", "text": text(block.get("text"), f"{path}.text")}


def _plainly(parts: list[Any]) -> Any:
    """One text is a string, which every server takes; a text of nothing says nothing."""
    said = [part for part in parts if part.get("text") != ""]
    if not said:
        return ""
    return said[0]["text"] if len(said) == 1 and said[0]["type"] == "text" else said


def _user(content: object, path: str, draft: Draft) -> list[dict[str, Any]]:
    """Results of tools first, each right after its call, then everything else."""
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []  # images and files of results, which a Chat result cannot hold
    parts: list[dict[str, Any]] = []
    for place, block in items(content, f"{path}.content"):
        if block.get("type") == "tool_result":
            results.append(_result(block, place, draft, shown))
        else:
            parts.append(_part(block, place))
    after = shown + parts
    said = [{"role": "user", "content": _plainly(after)}] if after or not results else []
    return results + said


def _result(block: Block, path: str, draft: Draft, shown: list[dict[str, Any]]) -> dict[str, Any]:
    known(block, _ANYWHERE | {"tool_use_id", "content", "is_error"}, path)
    content = block.get("content")
    texts: list[dict[str, Any]] = []
    if isinstance(content, str):
        texts.append({"type": "text", "text": content})
    elif content is not None:
        for place, inner in items(content, f"{path}.content"):
            part = _part(inner, place)
            if part["type"] != "text":
                draft.adapt(place, f"{inner.get('type')}→user message")
            (texts if part["type"] == "text" else shown).append(part)
    if block.get("is_error"):
        draft.adapt(f"{path}.is_error", "is_error→[error]")
        texts.insert(0, {"type": "text", "text": "[error]"})
        texts = [{"type": "text", "text": "\n".join(part["text"] for part in texts)}]
    call = text(block.get("tool_use_id"), f"{path}.tool_use_id")
    return {"role": "tool", "tool_call_id": call, "content": _plainly(texts)}


def _part(block: Block, path: str) -> dict[str, Any]:
    kind = block.get("type")
    if kind == "text":
        return _text_part(block, path)
    if kind == "image":
        return _image(block, path)
    if kind == "document":
        return _document(block, path)
    raise Untranslatable(path, f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")


def _image(block: Block, path: str) -> dict[str, Any]:
    known(block, _ANYWHERE | {"source"}, path)
    source = mapping(block.get("source"), f"{path}.source")
    if source.get("type") == "base64":
        url = f"data:{text(source.get('media_type'), f'{path}.source.media_type')};base64,"
        return {"type": "image_url", "image_url": {"url": url + text(source.get("data"), f"{path}.source.data")}}
    if source.get("type") == "url":
        return {"type": "image_url", "image_url": {"url": text(source.get("url"), f"{path}.source.url")}}
    raise Untranslatable(f"{path}.source", "must be base64 or a URL: files live at their vendor")


def _document(block: Block, path: str) -> dict[str, Any]:
    known(block, _ANYWHERE | {"source", "title", "context", "citations"}, path)
    if block.get("context") or mapping(block.get("citations") or {}, f"{path}.citations").get("enabled"):
        which = "context" if block.get("context") else "citations"
        raise Untranslatable(f"{path}.{which}", "has no place in the upstream's dialect")
    source = mapping(block.get("source"), f"{path}.source")
    if source.get("type") != "base64" or source.get("media_type") != "application/pdf":
        raise Untranslatable(f"{path}.source", "must be a PDF in base64: the upstream takes no other document")
    data = text(source.get("data"), f"{path}.source.data")
    name = text(block.get("title") or "document.pdf", f"{path}.title")
    return {"type": "file", "file": {"filename": name, "file_data": f"data:application/pdf;base64,{data}"}}


def _assistant(content: object, path: str, draft: Draft) -> dict[str, Any]:
    if isinstance(content, str):
        return {"role": "assistant", "content": content}
    said: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    thought: list[str] = []
    for place, block in items(content, f"{path}.content"):
        kind = block.get("type")
        if kind == "text":
            said.append(_text_part(block, place))
        elif kind == "tool_use":
            calls.append(_call(block, place))
        elif kind == "thinking" and is_ours(block.get("signature")):
            thought.append(text(block.get("thinking"), f"{place}.thinking"))
        elif kind in ("thinking", "redacted_thinking"):
            draft.adapt(place, f"{kind} of another vendor, left out")
        else:
            raise Untranslatable(place, f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")
    made: dict[str, Any] = {"role": "assistant"}
    if thought:
        made["reasoning_content"] = "".join(thought)
    if said or not calls:
        made["content"] = _plainly(said)
    if calls:
        made["tool_calls"] = calls
    return made


def _call(block: Block, path: str) -> dict[str, Any]:
    known(block, _ANYWHERE | {"id", "name", "input", "caller"}, path)
    arguments = msgspec.json.encode(mapping(block.get("input"), f"{path}.input")).decode()
    function = {"name": text(block.get("name"), f"{path}.name"), "arguments": arguments}
    return {"id": text(block.get("id"), f"{path}.id"), "type": "function", "function": function}
