"""Messages to Chat Completions: the conversation, block by block."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate.parts_anthropic import HINTS, Block, called, plainly, read_part, text_part, texts_in
from gateway.upstreams.translate.reading import Draft, items, known, text, wrong
from gateway.upstreams.translate.reasoning_seal import is_ours
from gateway.upstreams.translate.spec import Body, Untranslatable


def messages(body: Body, draft: Draft) -> list[dict[str, Any]]:
    """`system` and `messages`. Raises Untranslatable, GatewayError."""
    made: list[dict[str, Any]] = []
    if body.get("system"):
        made.append({"role": "system", "content": texts_in(body["system"], "system")})
    last = ""
    for path, message in items(body.get("messages"), "messages"):
        known(message, frozenset({"role", "content", "cache_control"}), path)
        last, content = str(message.get("role")), message.get("content")
        if last == "user":
            made += _user(content, path, draft)
        elif last == "assistant":
            made.append(_assistant(content, path, draft))
        elif last == "system":
            made.append({"role": "system", "content": texts_in(content, f"{path}.content")})
        else:
            raise wrong(f"{path}.role", "`user`, `assistant` or `system`")
    if last == "assistant":
        raise Untranslatable(path, "is a beginning of the answer, which the upstream cannot continue")
    return made


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
            parts.append(read_part(block, place))
    after = shown + parts
    said = [{"role": "user", "content": plainly(after)}] if after or not results else []
    return results + said


def _result(block: Block, path: str, draft: Draft, shown: list[dict[str, Any]]) -> dict[str, Any]:
    known(block, HINTS | {"tool_use_id", "content", "is_error"}, path)
    content = block.get("content")
    texts: list[dict[str, Any]] = []
    if isinstance(content, str):
        texts.append({"type": "text", "text": content})
    elif content is not None:
        for place, inner in items(content, f"{path}.content"):
            made = read_part(inner, place)
            if made["type"] != "text":
                draft.adapt(place, f"{inner.get('type')}→user message")
            (texts if made["type"] == "text" else shown).append(made)
    if block.get("is_error"):
        draft.adapt(f"{path}.is_error", "is_error→[error]")
        texts.insert(0, {"type": "text", "text": "[error]"})
        texts = [{"type": "text", "text": "\n".join(part["text"] for part in texts)}]
    call = text(block.get("tool_use_id"), f"{path}.tool_use_id")
    return {"role": "tool", "tool_call_id": call, "content": plainly(texts)}


def _assistant(content: object, path: str, draft: Draft) -> dict[str, Any]:
    if isinstance(content, str):
        return {"role": "assistant", "content": content}
    said: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    thought: list[str] = []
    for place, block in items(content, f"{path}.content"):
        kind = block.get("type")
        if kind == "text":
            said.append(text_part(block, place))
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
        made["content"] = plainly(said)
    if calls:
        made["tool_calls"] = calls
    return made


def _call(block: Block, path: str) -> dict[str, Any]:
    id, name, arguments = called(block, path)
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
