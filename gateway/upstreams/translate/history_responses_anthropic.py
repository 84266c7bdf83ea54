"""Responses to Messages: the conversation, item by item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.upstreams.translate.history_responses_openai import STATES, ordinary
from gateway.upstreams.translate.messages_openai_anthropic import Turns, arguments_in
from gateway.upstreams.translate.namespaces import called
from gateway.upstreams.translate.parts_openai_anthropic import plainly
from gateway.upstreams.translate.parts_responses_anthropic import blocks, spoken, texts
from gateway.upstreams.translate.reading import Draft, items, known, text, wrong
from gateway.upstreams.translate.reasoning_seal import unwrapped
from gateway.upstreams.translate.spec import Body, Untranslatable

Item = Mapping[str, Any]
_EMPTY = "left out: it says nothing"


def converse(body: Body, draft: Draft) -> None:
    """Sets `system` and `messages`. Raises Untranslatable, GatewayError."""
    turns, path = Turns(), "input"
    if body.get("instructions") is not None:
        turns.instruct(texts(text(body["instructions"], "instructions"), "instructions"))
    given = body.get("input")
    if isinstance(given, str):
        turns.say(texts(given, "input"))
    else:
        for path, item in items(given, "input"):
            kind = item.get("type")
            if kind is None and "role" in item:
                kind = "message"
            read = _ITEMS.get(kind) if isinstance(kind, str) else None
            if read is None:
                raise Untranslatable(path, f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")
            read(item, path, draft, turns)
    made = turns.all()
    if not any(turn["role"] == "user" for turn in made):
        raise Untranslatable("input", "must hold something that a user says")
    if made[-1]["role"] == "assistant":
        raise Untranslatable(path, "ends with the assistant, whose words the upstream would continue")
    if turns.system:
        draft.body["system"] = plainly(turns.system)
    draft.body["messages"] = [{**turn, "content": plainly(turn["content"])} for turn in made]


def _message(item: Item, path: str, draft: Draft, turns: Turns) -> None:
    known(item, STATES | {"role", "content", "phase"}, path)
    role, content = item.get("role"), item.get("content")
    if role == "user":
        found = blocks(content, f"{path}.content")
        turns.say(found)
    elif role in ("system", "developer"):
        found = texts(content, f"{path}.content")
        turns.instruct(found)
    elif role == "assistant":
        found = spoken(content, f"{path}.content", draft)
        turns.speak(found)
    else:
        raise wrong(f"{path}.role", "`user`, `assistant`, `system` or `developer`")
    if not found:
        draft.adapt(path, _EMPTY)


def _reasoning(item: Item, path: str, draft: Draft, turns: Turns) -> None:
    """A block that came through here goes back as it was; what nobody can read there is left out."""
    known(item, STATES | {"summary", "content", "encrypted_content"}, path)
    block = unwrapped(item.get("encrypted_content"), "thinking", "redacted_thinking", vendor=draft.upstream.vendor)
    if block is None:
        draft.adapt(path, "reasoning without its vendor's signature, left out")
    else:
        turns.speak([dict(block)])


def _call(item: Item, path: str, draft: Draft, turns: Turns) -> None:
    custom = item.get("type") == "custom_tool_call"
    field = "input" if custom else "arguments"
    known(item, STATES | {"call_id", "name", "namespace", field, "caller", "async"}, path)
    ordinary(item, path)
    name = called(item, path, draft)
    if custom:
        given = {"input": text(item.get("input"), f"{path}.input")}
    else:
        given = arguments_in(item.get("arguments"), f"{path}.arguments")
    id = turns.calls.begin(text(item.get("call_id"), f"{path}.call_id"), name, f"{path}.call_id")
    turns.speak([{"type": "tool_use", "id": id, "name": name, "input": given}])


def _result(item: Item, path: str, draft: Draft, turns: Turns) -> None:
    known(item, STATES | {"call_id", "output", "caller", "name", "namespace"}, path)
    ordinary(item, path)
    id, name = turns.calls.end(text(item.get("call_id"), f"{path}.call_id"), f"{path}.call_id")
    if item.get("name") is not None and called(item, path, draft) != name:
        raise Untranslatable(f"{path}.name", "must be the name of the tool that was called, or be left out")
    content = plainly(blocks(item.get("output"), f"{path}.output"))
    turns.answer({"type": "tool_result", "tool_use_id": id, "content": content or ""})


def _reference(item: Item, path: str, draft: Draft, turns: Turns) -> None:
    raise Untranslatable(path, "refers to an item that its vendor keeps, which nobody does here; send the item itself")


_ITEMS: dict[str, Callable[[Item, str, Draft, Turns], None]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call,
    "custom_tool_call": _call,
    "function_call_output": _result,
    "custom_tool_call_output": _result,
    "item_reference": _reference,
}
