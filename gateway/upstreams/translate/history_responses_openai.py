"""Responses to Chat Completions: the conversation, item by item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.upstreams.translate.namespaces import called
from gateway.upstreams.translate.parts_responses_openai import Part, parts, plainly, spoken, texts
from gateway.upstreams.translate.reading import Draft, items, known, text, wrong
from gateway.upstreams.translate.spec import Body, Untranslatable
from gateway.upstreams.translate.wrapping import packed

Item = Mapping[str, Any]
STATES = frozenset({"type", "id", "status"})
_MESSAGE = STATES | {"role", "content", "phase"}


def messages(body: Body, draft: Draft) -> list[dict[str, Any]]:
    """`instructions` and `input`. Raises Untranslatable, GatewayError."""
    talk = _Talk()
    if body.get("instructions") not in (None, ""):
        talk.add({"role": "system", "content": text(body["instructions"], "instructions")})
    given = body.get("input")
    if isinstance(given, str):
        talk.add({"role": "user", "content": given})
    elif not isinstance(given, list):
        raise wrong("input", "a string or a list")
    else:
        for path, item in items(given, "input"):
            _item(item, path, draft, talk)
    made = talk.messages()
    if not made:
        raise wrong("input", "a list of at least one item")
    return made


def _item(item: Item, path: str, draft: Draft, talk: _Talk) -> None:
    kind = item.get("type")
    if kind is None and "role" in item:
        kind = "message"
    read = _ITEMS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise Untranslatable(path, f"of type `{str(kind)[:60]}` has no place in the upstream's dialect")
    read(item, path, draft, talk)


@dataclass(slots=True)
class _Turn:
    """What the assistant says at once, and what has to follow it directly."""

    thought: list[str] = field(default_factory=list)
    said: list[Part] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    shown: list[Part] = field(default_factory=list)  # images and files of results, which a Chat result cannot hold

    def messages(self) -> list[dict[str, Any]]:
        made: dict[str, Any] = {"role": "assistant"}
        if self.thought:
            made["reasoning_content"] = "\n\n".join(self.thought)
        if self.said or not (self.calls or self.refused):
            made["content"] = plainly(self.said)
        if self.refused:
            made = {"content": None, **made, "refusal": "\n".join(self.refused)}
        if self.calls:
            made["tool_calls"] = self.calls
        shown = [{"role": "user", "content": self.shown}] if self.shown else []
        return [made, *self.results, *shown]


class _Talk:
    """Calls in a row share a turn with what was said before them; each result stands right behind the turn of its
    call, whatever was said since."""

    def __init__(self) -> None:
        self._made: list[dict[str, Any] | _Turn] = []
        self._waiting: dict[str, tuple[_Turn, str]] = {}  # for results, by the call's id; and the tool's name

    def add(self, message: dict[str, Any]) -> None:
        self._made.append(message)

    def turn(self, *, begins: bool) -> _Turn:
        """The one that is open. `begins`: what comes begins another, unless calls of this one wait for results."""
        last = self._made[-1] if self._made else None
        if isinstance(last, _Turn) and not last.results and not (begins and not last.calls):
            return last
        made = _Turn()
        self._made.append(made)
        return made

    def speaks(self) -> bool:
        last = self._made[-1] if self._made else None
        return isinstance(last, _Turn) and bool(last.said or last.refused)

    def call(self, call: dict[str, Any], name: str, path: str) -> None:
        id = call["id"]
        if not id or id in self._waiting:
            raise wrong(path, "an id of its own")
        turn = self.turn(begins=False)
        turn.calls.append(call)
        self._waiting[id] = turn, name

    def result(self, id: str, path: str) -> tuple[_Turn, str]:
        if id not in self._waiting:
            raise wrong(path, "the id of a call before it that waits for its result")
        return self._waiting.pop(id)

    def messages(self) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for each in self._made:
            made += each.messages() if isinstance(each, _Turn) else [each]
        return made


def _message(item: Item, path: str, draft: Draft, talk: _Talk) -> None:
    known(item, _MESSAGE, path)
    role, content = item.get("role"), item.get("content")
    if role == "user":
        talk.add({"role": "user", "content": plainly(parts(content, f"{path}.content"))})
    elif role in ("system", "developer"):
        named = role if draft.upstream.developer_role else "system"
        talk.add({"role": named, "content": plainly(texts(content, f"{path}.content"))})
    elif role == "assistant":
        said, refused = spoken(content, f"{path}.content", draft)
        turn = talk.turn(begins=talk.speaks())
        turn.said += said
        turn.refused += refused
    else:
        raise wrong(f"{path}.role", "`user`, `assistant`, `system` or `developer`")


def _reasoning(item: Item, path: str, draft: Draft, talk: _Talk) -> None:
    """What is a text came through here; what is encrypted, only its vendor can read. Summaries are for people."""
    known(item, STATES | {"summary", "content", "encrypted_content"}, path)
    given = item.get("content")
    thought = []
    for place, part in items([] if given is None else given, f"{path}.content"):
        if part.get("type") not in ("reasoning_text", "text"):
            raise Untranslatable(place, "must be a `reasoning_text`")
        known(part, frozenset({"type", "text"}), place)
        thought.append(text(part.get("text"), f"{place}.text"))
    if item.get("encrypted_content") is not None:
        draft.adapt(path, "reasoning of another vendor, left out")
    elif not any(thought):
        draft.adapt(path, "reasoning that is not in it, left out")
    else:
        talk.turn(begins=talk.speaks()).thought.append("".join(thought))


def _call(item: Item, path: str, draft: Draft, talk: _Talk) -> None:
    custom = item.get("type") == "custom_tool_call"
    field = "input" if custom else "arguments"
    known(item, STATES | {"call_id", "name", "namespace", field, "caller", "async"}, path)
    ordinary(item, path)
    id, name = text(item.get("call_id"), f"{path}.call_id"), called(item, path, draft)
    words = text(item.get(field), f"{path}.{field}")
    if custom and draft.upstream.custom_tools:
        made = {"id": id, "type": "custom", "custom": {"name": name, "input": words}}
    else:
        arguments = packed(words) if custom else words
        made = {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
    talk.call(made, name, f"{path}.call_id")


def _result(item: Item, path: str, draft: Draft, talk: _Talk) -> None:
    known(item, STATES | {"call_id", "output", "caller", "name", "namespace"}, path)
    ordinary(item, path)
    id, output = text(item.get("call_id"), f"{path}.call_id"), item.get("output")
    turn, name = talk.result(id, f"{path}.call_id")
    if item.get("name") is not None and called(item, path, draft) != name:
        raise Untranslatable(f"{path}.name", "must be the name of the tool that was called, or be left out")
    said = []
    for place, part in enumerate(parts(output, f"{path}.output")):
        if part["type"] == "text":
            said.append(part)
        else:
            draft.adapt(f"{path}.output[{place}]", f"{part['type'].removesuffix('_url')}→user message")
            turn.shown.append(part)
    turn.results.append({"role": "tool", "tool_call_id": id, "content": plainly(said)})


def ordinary(item: Item, path: str) -> None:
    """Calls by programs that run at a vendor, and calls that nobody waits for, are nothing that Chat knows."""
    if item.get("caller") not in (None, {"type": "direct"}):
        raise Untranslatable(f"{path}.caller", "names a caller that the upstream has not")
    if item.get("async") not in (None, False):
        raise Untranslatable(f"{path}.async", "has no place in the upstream's dialect")


def _reference(item: Item, path: str, draft: Draft, talk: _Talk) -> None:
    raise Untranslatable(path, "refers to an item that its vendor keeps, which nobody does here; send the item itself")


_ITEMS: dict[str, Callable[[Item, str, Draft, _Talk], None]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call,
    "custom_tool_call": _call,
    "function_call_output": _result,
    "custom_tool_call_output": _result,
    "item_reference": _reference,
}
