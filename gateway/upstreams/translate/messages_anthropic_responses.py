"""Messages to Responses: the conversation, block by block."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate.call_ids import CallIds
from gateway.upstreams.translate.parts_anthropic import HINTS, Block, called, read_part, text_part, texts_in
from gateway.upstreams.translate.parts_openai_responses import Part, as_input, plainly
from gateway.upstreams.translate.reading import Draft, items, known, text, wrong
from gateway.upstreams.translate.reasoning_seal import unwrapped
from gateway.upstreams.translate.spec import Body, Untranslatable

Item = dict[str, Any]
_ROLES = "`user`, `assistant` or `system`"


def converse(body: Body, draft: Draft) -> None:
    """Sets `instructions` and `input`. Raises Untranslatable, GatewayError."""
    made: list[Item] = []
    ids = CallIds()
    system = _instructions(body["system"], "system") if body.get("system") else ""
    if isinstance(system, list):
        made.append({"role": "system", "content": system})
    elif system:
        draft.body["instructions"] = system
    last = path = ""
    for path, message in items(body.get("messages"), "messages"):
        known(message, frozenset({"role", "content", "cache_control"}), path)
        last, content = str(message.get("role")), message.get("content")
        if last == "user":
            made += _user(content, path, draft, ids)
        elif last == "assistant":
            made += _assistant(content, path, draft, ids)
        elif last == "system":
            made.append({"role": "system", "content": _instructions(content, f"{path}.content")})
        else:
            raise wrong(f"{path}.role", _ROLES)
    if last == "assistant":
        raise Untranslatable(path, "is a beginning of the answer, which the upstream cannot continue")
    draft.body["input"] = made


def _instructions(value: object, path: str) -> str | list[Part]:
    found = texts_in(value, path)
    return found if isinstance(found, str) else [as_input(part) for part in found]


def _user(content: object, path: str, draft: Draft, ids: CallIds) -> list[Item]:
    """Results of tools first, each right after its call, then everything else."""
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[Item] = []
    parts: list[Part] = []
    for place, block in items(content, f"{path}.content"):
        if block.get("type") == "tool_result":
            results.append(_result(block, place, draft, ids))
        else:
            parts += _said(_part(block, place))
    said = [{"role": "user", "content": plainly(parts) or ""}] if parts or not results else []
    return results + said


def _result(block: Block, path: str, draft: Draft, ids: CallIds) -> Item:
    known(block, HINTS | {"tool_use_id", "content", "is_error"}, path)
    place = f"{path}.tool_use_id"
    id, _ = ids.end(text(block.get("tool_use_id"), place), place)
    content = block.get("content")
    parts: list[Part] = []
    if isinstance(content, str):
        parts += _said({"type": "input_text", "text": content})
    elif content is not None:
        for inner_path, inner in items(content, f"{path}.content"):
            parts += _said(_part(inner, inner_path))
    if block.get("is_error"):
        draft.adapt(f"{path}.is_error", "is_error→[error]")
        first = parts.pop(0)["text"] if parts and parts[0]["type"] == "input_text" else None
        words = "[error]" if first is None else f"[error]\n{first}"
        parts.insert(0, {"type": "input_text", "text": words})
    return {"type": "function_call_output", "call_id": id, "output": plainly(parts) or ""}


def _said(part: Part) -> list[Part]:
    """A text of nothing says nothing."""
    return [] if part.get("text") == "" else [part]


def _part(block: Block, path: str) -> Part:
    source = block.get("source")
    if block.get("type") != "document" or not isinstance(source, dict) or source.get("type") != "url":
        return as_input(read_part(block, path))
    known(block, HINTS | {"source", "title"}, path)
    known(source, frozenset({"type", "url"}), f"{path}.source")
    made = {"type": "input_file", "file_url": text(source.get("url"), f"{path}.source.url")}
    if block.get("title") is not None:
        made["filename"] = text(block["title"], f"{path}.title")
    return made


def _assistant(content: object, path: str, draft: Draft, ids: CallIds) -> list[Item]:
    """Every block in its place: reasoning has to stand before what it led to."""
    if isinstance(content, str):
        return [{"role": "assistant", "content": content}]
    made: list[Item] = []
    said: list[Part] = []  # since the last item

    def close() -> None:
        if said:
            made.append({"role": "assistant", "content": plainly(list(said))})
            said.clear()

    for place, block in items(content, f"{path}.content"):
        kind = block.get("type")
        if kind == "text":
            said += _said({"type": "output_text", "text": text_part(block, place)["text"]})
            continue
        close()
        if kind == "tool_use":
            made.append(_call(block, place, ids))
        elif kind in ("thinking", "redacted_thinking"):
            made += _thought(block, place, draft)
        else:
            raise Untranslatable(place, f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")
    close()
    return made


def _call(block: Block, path: str, ids: CallIds) -> Item:
    id, name, arguments = called(block, path)
    return {"type": "function_call", "call_id": ids.begin(id, name, f"{path}.id"), "name": name, "arguments": arguments}


def _thought(block: Block, path: str, draft: Draft) -> list[Item]:
    """An item that came through here goes back as it was; what nobody can read there is left out."""
    known(block, HINTS | {"thinking", "signature"} if block["type"] == "thinking" else HINTS | {"data"}, path)
    sealed = block.get("signature" if block["type"] == "thinking" else "data")
    item = unwrapped(sealed, "reasoning", vendor=draft.upstream.vendor)
    if item is None:
        draft.adapt(path, f"{block['type']} of another vendor, left out")
    elif not item.get("encrypted_content") and not item.get("content"):
        draft.adapt(path, "reasoning that its vendor did not give whole, left out")
        item = None
    return [] if item is None else [dict(item)]
