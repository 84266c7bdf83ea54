"""A reply in the other form than was asked for: a whole one as a stream of events, a stream as a whole one. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
_DONE = b"data: [DONE]\n\n"


def events_of(document: dict[str, Any], *, usage: bool, done: bool) -> bytes:
    """The events of a chat or completion that came whole. `usage`: it is wanted; `done`: the reply is complete."""
    rest = {name: value for name, value in document.items() if name not in ("choices", "usage")}
    if rest.get("object") == "chat.completion":
        rest["object"] = "chat.completion.chunk"
    events = [_event({**rest, "choices": [_as_delta(choice)]}) for choice in document["choices"]
              if isinstance(choice, dict)]  # fmt: skip
    if usage and document.get("usage"):
        events.append(_event({**rest, "choices": [], "usage": document["usage"]}))
    return b"".join(events) + (_DONE if done else b"")


class Gathering:
    """Grows event by event to the whole reply."""

    __slots__ = ("_choices", "_rest")

    def __init__(self) -> None:
        self._rest: dict[str, Any] = {}
        self._choices: dict[Any, dict[str, Any]] = {}

    def add(self, document: object) -> None:
        """One event's document."""
        if not isinstance(document, dict):
            return
        self._rest |= {name: value for name, value in document.items() if name != "choices" and value is not None}
        choices = document.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._add_choice(choice)

    def reply(self) -> bytes:
        """The whole reply so far."""
        rest = dict(self._rest)
        if rest.get("object") == "chat.completion.chunk":
            rest["object"] = "chat.completion"
        return _encode({**rest, "choices": list(self._choices.values())})

    def _add_choice(self, choice: dict[str, Any]) -> None:
        index = choice.get("index", 0)
        whole = self._choices.setdefault(str(index), {"index": index})
        for name, value in choice.items():
            if name in ("delta", "message") and isinstance(value, dict):
                message = whole.setdefault("message", {})
                if name == "message":
                    message.clear()  # a last event that repeats the whole message
                _merge(message, value)
            elif name == "text" and isinstance(value, str):
                whole["text"] = whole.get("text", "") + value
            elif value is not None or name == "finish_reason":
                whole[name] = value if value is not None else whole.get(name)


def _as_delta(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message")
    if not isinstance(message, dict):
        return choice
    delta = dict(message)
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        delta["tool_calls"] = [
            {"index": at, **call} if isinstance(call, dict) else call for at, call in enumerate(calls)
        ]
    return {**{name: value for name, value in choice.items() if name != "message"}, "delta": delta}


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + _encode(document) + b"\n\n"


def _merge(whole: dict[str, Any], delta: dict[str, Any]) -> None:
    """Texts grow, lists of calls grow by their index, other lists are joined, the rest is replaced."""
    for name, value in delta.items():
        old = whole.get(name)
        if name in ("role", "id", "type", "name", "index") or old is None:
            if value is not None or name not in whole:
                whole[name] = [dict(item) if isinstance(item, dict) else item for item in value] if isinstance(
                    value, list) else (dict(value) if isinstance(value, dict) else value)  # fmt: skip
        elif isinstance(old, str) and isinstance(value, str):
            whole[name] = old + value
        elif isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            _merge_list(old, value)
        elif value is not None:
            whole[name] = value


def _merge_list(whole: list[Any], more: list[Any]) -> None:
    for item in more:
        index = item.get("index") if isinstance(item, dict) else None
        same = [old for old in whole if isinstance(old, dict) and index is not None and old.get("index") == index]
        if same:
            _merge(same[0], item)
        else:
            whole.append(item)
