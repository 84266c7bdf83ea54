"""A reply in the other form than was asked for: a whole one as a stream of events, a stream as a whole one. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

_DONE = b"data: [DONE]\n\n"
_APART = 128  # choices that get an event each, which repeats all that stands beside them


class _Words:
    """A text that grows; joined once, when it is written."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = list(pieces)


class _Items(list[Any]):
    """A list that grows, whose items are found by their `index`."""

    def __init__(self, items: list[Any]) -> None:
        super().__init__()
        self._at: dict[Any, dict[str, Any]] = {}
        for item in items:
            self.keep(dict(item) if isinstance(item, dict) else item)

    def keep(self, item: Any) -> None:
        """One more."""
        self.append(item)
        if isinstance(item, dict) and isinstance(item.get("index"), int | str):
            self._at.setdefault(item["index"], item)

    def same(self, item: Any) -> dict[str, Any] | None:
        """The one that has the index of this one."""
        index = item.get("index") if isinstance(item, dict) else None
        return self._at.get(index) if isinstance(index, int | str) else None


def _joined(value: object) -> str:
    if isinstance(value, _Words):
        return "".join(value.pieces)
    raise NotImplementedError


_encode = msgspec.json.Encoder(enc_hook=_joined).encode


def events_of(document: dict[str, Any], *, usage: bool, done: bool) -> bytes:
    """The events of a chat or completion that came whole. `usage`: it is wanted; `done`: the reply is complete."""
    rest = {name: value for name, value in document.items() if name not in ("choices", "usage")}
    if rest.get("object") == "chat.completion":
        rest["object"] = "chat.completion.chunk"
    deltas = [_as_delta(choice) for choice in document["choices"] if isinstance(choice, dict)]
    together = [deltas] if len(deltas) > _APART else [[delta] for delta in deltas]
    events = [_event({**rest, "choices": choices}) for choices in together]
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
                whole["text"] = _grown(whole.get("text"), value)
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
                whole[name] = _Items(value) if isinstance(value, list) else (
                    dict(value) if isinstance(value, dict) else value)  # fmt: skip
        elif isinstance(old, str | _Words) and isinstance(value, str):
            whole[name] = _grown(old, value)
        elif isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            whole[name] = _merged(old, value)
        elif value is not None:
            whole[name] = value


def _merged(whole: list[Any], more: list[Any]) -> _Items:
    items = whole if isinstance(whole, _Items) else _Items(whole)
    for item in more:
        same = items.same(item)
        if same is None:
            items.keep(item)
        else:
            _merge(same, item)
    return items


def _grown(old: object, more: str) -> _Words | str:
    if isinstance(old, _Words):
        old.pieces.append(more)
        return old
    return _Words(old, more) if isinstance(old, str) else more
