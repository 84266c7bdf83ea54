"""Chat Completions to Responses: the conversation, message by message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.upstreams.translate.call_ids import CallIds
from gateway.upstreams.translate.parts_openai_responses import parts, plainly, spoken, texts
from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Untranslatable
from gateway.upstreams.translate.wrapping import packed

Message = Mapping[str, Any]
_UNSIGNED = ("reasoning_content", "reasoning", "reasoning_details")  # Responses take back what their vendor encrypted
_OF_ASSISTANT = frozenset({"role", "content", "refusal", "tool_calls", "annotations", *_UNSIGNED})


def converse(body: Body, draft: Draft) -> None:
    """Sets `input`. Raises Untranslatable, GatewayError."""
    talk = _Talk()
    for path, message in items(body.get("messages"), "messages"):
        role = message.get("role")
        read = _ROLES.get(role) if isinstance(role, str) else None
        if read is None:
            raise wrong(f"{path}.role", "`system`, `developer`, `user`, `assistant` or `tool`")
        read(message, path, draft, talk)
    if not talk.items:
        raise wrong("messages", "a list of at least one message")
    draft.body["input"] = talk.items


class _Talk:
    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.ids = CallIds()
        self.custom: set[str] = set()  # ids of calls whose results are written otherwise

    def say(self, role: str, content: object) -> None:
        self.items.append({"role": role, "content": content})


def _instructions(message: Message, path: str, draft: Draft, talk: _Talk) -> None:
    known(message, frozenset({"role", "content"}), path)
    talk.say(str(message["role"]), texts(message.get("content"), f"{path}.content"))


def _user(message: Message, path: str, draft: Draft, talk: _Talk) -> None:
    known(message, frozenset({"role", "content"}), path)
    talk.say("user", parts(message.get("content"), f"{path}.content"))


def _assistant(message: Message, path: str, draft: Draft, talk: _Talk) -> None:
    known(message, _OF_ASSISTANT, path)
    for name in _UNSIGNED:
        if message.get(name):
            draft.adapt(f"{path}.{name}", "left out: reasoning without its vendor's encryption")
    if message.get("annotations"):
        draft.adapt(f"{path}.annotations", "left out")
    said = spoken(message.get("content"), f"{path}.content")
    if message.get("refusal"):
        said.append({"type": "refusal", "refusal": text(message["refusal"], f"{path}.refusal")})
    asked = [] if message.get("tool_calls") is None else message["tool_calls"]
    calls = [_call(call, place, draft, talk) for place, call in items(asked, f"{path}.tool_calls")]
    if said or not calls:
        talk.say("assistant", plainly(said) or "")
    talk.items += calls


def _call(call: Message, path: str, draft: Draft, talk: _Talk) -> dict[str, Any]:
    kind = call.get("type", "function")
    if kind not in ("function", "custom"):
        raise Untranslatable(path, "must be a call of a function or a custom tool")
    known(call, frozenset({"id", "type", "index", kind}), path)
    called = mapping(call.get(kind), f"{path}.{kind}")
    field = "arguments" if kind == "function" else "input"
    known(called, frozenset({"name", field}), f"{path}.{kind}")
    name, words = text(called.get("name"), f"{path}.{kind}.name"), text(called.get(field), f"{path}.{kind}.{field}")
    id = talk.ids.begin(text(call.get("id"), f"{path}.id"), name, f"{path}.id")
    if kind == "custom" and not draft.upstream.custom_tools:
        return {"type": "function_call", "call_id": id, "name": name, "arguments": packed(words)}
    if kind == "custom":
        talk.custom.add(id)
    type = "function_call" if kind == "function" else "custom_tool_call"
    return {"type": type, "call_id": id, "name": name, field: words}


def _tool(message: Message, path: str, draft: Draft, talk: _Talk) -> None:
    known(message, frozenset({"role", "content", "tool_call_id", "name"}), path)
    id, name = talk.ids.end(text(message.get("tool_call_id"), f"{path}.tool_call_id"), f"{path}.tool_call_id")
    if message.get("name") not in (None, name):
        raise Untranslatable(f"{path}.name", "must be the name of the tool that was called, or be left out")
    type = "custom_tool_call_output" if id in talk.custom else "function_call_output"
    talk.items.append({"type": type, "call_id": id, "output": parts(message.get("content"), f"{path}.content")})


def _function(message: Message, path: str, draft: Draft, talk: _Talk) -> None:
    raise Untranslatable(path, "is of the old kind of functions; use `tools`")


_ROLES: dict[str, Callable[[Message, str, Draft, _Talk], None]] = {
    "system": _instructions,
    "developer": _instructions,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
    "function": _function,
}
