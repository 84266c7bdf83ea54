"""Chat Completions to Messages: the conversation, message by message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gateway.upstreams.translate.call_ids import CallIds
from gateway.upstreams.translate.parts_openai_anthropic import Block, blocks, plainly, spoken, texts
from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Untranslatable

Message = Mapping[str, Any]
_UNSIGNED = ("reasoning_content", "reasoning", "reasoning_details")  # Messages takes back what its vendor has signed
_EMPTY = "left out: it says nothing"
_OF_ASSISTANT = frozenset({"role", "content", "refusal", "tool_calls", "annotations", *_UNSIGNED})


def converse(body: Body, draft: Draft) -> None:
    """Sets `system` and `messages`. Raises Untranslatable, GatewayError."""
    turns, path = Turns(), "messages"
    for path, message in items(body.get("messages"), "messages"):
        role = message.get("role")
        read = _ROLES.get(role) if isinstance(role, str) else None
        if read is None:
            raise wrong(f"{path}.role", "`system`, `developer`, `user`, `assistant` or `tool`")
        read(message, path, draft, turns)
    made = turns.all()
    if not any(turn["role"] == "user" for turn in made):
        raise Untranslatable("messages", "must hold something that a user says")
    if made[-1]["role"] == "assistant":
        raise Untranslatable(path, "ends with the assistant, whose words the upstream would continue")
    if turns.system:
        draft.body["system"] = plainly(turns.system)
    draft.body["messages"] = [{**turn, "content": plainly(turn["content"])} for turn in made]


class Turns:
    """Results of tools stand first in the turn right after their calls, and what the user says then behind them."""

    def __init__(self) -> None:
        self.calls = CallIds()
        self.system: list[Block] = []  # what was said before anything else
        self._made: list[dict[str, Any]] = []
        self._results: list[Block] = []
        self._since: list[dict[str, Any]] = []  # what was said since the assistant spoke

    def instruct(self, found: list[Block]) -> None:
        """What holds for all that follows."""
        if self._made or self._results or self._since:
            self.say(found, "system")
        else:
            self.system += found

    def say(self, found: list[Block], role: str = "user") -> None:
        """Of a user, or instructions in the middle."""
        if found:
            self._since.append({"role": role, "content": found})

    def answer(self, result: Block) -> None:
        """A result of a tool."""
        self._results.append(result)

    def speak(self, found: list[Block]) -> None:
        """Of the assistant, in one turn with what it said just before."""
        if not found:
            return
        self._settle()
        if self._made and self._made[-1]["role"] == "assistant":
            self._made[-1]["content"] += found
        else:
            self._made.append({"role": "assistant", "content": list(found)})

    def all(self) -> list[dict[str, Any]]:
        """The messages."""
        self._settle()
        return self._made

    def _settle(self) -> None:
        since, first = self._since, self._results
        self._since, self._results = [], []
        if first:
            users = next((at for at, turn in enumerate(since) if turn["role"] != "user"), len(since))
            behind = [block for turn in since[:users] for block in turn["content"]]
            since = [{"role": "user", "content": first + behind}, *since[users:]]
        self._made += since


def _system(message: Message, path: str, draft: Draft, turns: Turns) -> None:
    known(message, frozenset({"role", "content"}), path)
    turns.instruct(texts(message.get("content"), f"{path}.content"))


def _user(message: Message, path: str, draft: Draft, turns: Turns) -> None:
    known(message, frozenset({"role", "content"}), path)
    found = blocks(message.get("content"), f"{path}.content")
    if not found:
        draft.adapt(path, _EMPTY)
    turns.say(found)


def _assistant(message: Message, path: str, draft: Draft, turns: Turns) -> None:
    known(message, _OF_ASSISTANT, path)
    for name in _UNSIGNED:
        if message.get(name):
            draft.adapt(f"{path}.{name}", "left out: reasoning without its vendor's signature")
    if message.get("annotations"):
        draft.adapt(f"{path}.annotations", "left out")
    content = message.get("content")
    said = spoken(content, f"{path}.content") if content is not None else []
    if any(kind == "refusal" for kind, _ in said):
        draft.adapt(f"{path}.content", "refusal→text")
    found = [block for _, block in said]
    if message.get("refusal"):
        found += texts(text(message["refusal"], f"{path}.refusal"), f"{path}.refusal")
        draft.adapt(f"{path}.refusal", "refusal→text")
    asked = message.get("tool_calls")
    for place, call in items([] if asked is None else asked, f"{path}.tool_calls"):
        found.append(_call(call, place, turns.calls))
    if not found:
        draft.adapt(path, _EMPTY)
    turns.speak(found)


def _call(call: Message, path: str, calls: CallIds) -> Block:
    kind = call.get("type", "function")
    if kind not in ("function", "custom"):
        raise Untranslatable(path, "must be a call of a function or a custom tool")
    known(call, frozenset({"id", "type", "index", kind}), path)
    called = mapping(call.get(kind), f"{path}.{kind}")
    known(called, frozenset({"name", "arguments" if kind == "function" else "input"}), f"{path}.{kind}")
    name = text(called.get("name"), f"{path}.{kind}.name")
    if kind == "function":
        given = arguments_in(called.get("arguments"), f"{path}.function.arguments")
    else:
        given = {"input": text(called.get("input"), f"{path}.custom.input")}
    id = calls.begin(text(call.get("id"), f"{path}.id"), name, f"{path}.id")
    return {"type": "tool_use", "id": id, "name": name, "input": given}


def arguments_in(written: object, path: str) -> dict[str, Any]:
    """Of a call. Raises Untranslatable, GatewayError."""
    words = text(written, path)
    try:
        read = msgspec.json.decode(words) if words.strip() else {}
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise Untranslatable(path, "must be a JSON object: the upstream takes no other arguments")
    return read


def _tool(message: Message, path: str, draft: Draft, turns: Turns) -> None:
    known(message, frozenset({"role", "content", "tool_call_id", "name"}), path)
    id, name = turns.calls.end(text(message.get("tool_call_id"), f"{path}.tool_call_id"), f"{path}.tool_call_id")
    if message.get("name") not in (None, name):
        raise Untranslatable(f"{path}.name", "must be the name of the tool that was called, or be left out")
    content = plainly(blocks(message.get("content"), f"{path}.content"))
    turns.answer({"type": "tool_result", "tool_use_id": id, "content": content or ""})


def _function(message: Message, path: str, draft: Draft, turns: Turns) -> None:
    raise Untranslatable(path, "is of the old kind of functions; use `tools`")


_ROLES: dict[str, Callable[[Message, str, Draft, Turns], None]] = {
    "system": _system,
    "developer": _system,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
    "function": _function,
}
