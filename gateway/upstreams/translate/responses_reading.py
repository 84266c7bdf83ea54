"""Reads a Response of an upstream, whole or event by event, as pieces in the order of its items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from gateway.upstreams.translate.spec import Body

Kind = Literal["begin", "text", "refusal", "summary", "thought", "arguments", "input", "end"]
_encode = msgspec.json.Encoder().encode
_ITEMS = frozenset({"message", "reasoning", "function_call", "custom_tool_call"})
CALLS = frozenset({"function_call", "custom_tool_call"})
_SAID: dict[str, tuple[Kind, str, str]] = {  # events: what is said, what counts its parts, which field has it when done
    "response.output_text": ("text", "content_index", "text"),
    "response.refusal": ("refusal", "content_index", "refusal"),
    "response.reasoning_summary_text": ("summary", "summary_index", "text"),
    "response.reasoning_text": ("thought", "content_index", "text"),
    "response.function_call_arguments": ("arguments", "", "arguments"),
    "response.custom_tool_call_input": ("input", "", "input"),
}
_OF: dict[str, frozenset[Kind]] = {
    "message": frozenset({"text", "refusal"}),
    "reasoning": frozenset({"summary", "thought"}),
    "function_call": frozenset({"arguments"}),
    "custom_tool_call": frozenset({"input"}),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Of one item. `begin`: its type, and a call's id and name, are known; `end`: the whole of it is."""

    kind: Kind
    item: Body
    part: int = 0
    words: str = ""


@dataclass(slots=True)
class _Item:
    body: dict[str, Any]
    begun: bool = False
    over: bool = False
    said: dict[tuple[Kind, int], list[str]] = field(default_factory=dict)
    waiting: list[tuple[Kind, int, str]] = field(default_factory=list)


class Reading:
    """Items may come interleaved: one is told as it comes, and what follows it waits until it is whole.

    Words that no delta brought are taken from where they stand whole: the end of a part, of an item, of the answer.
    """

    def __init__(self) -> None:
        self._items: dict[int, _Item] = {}  # by their place in the output
        self._places: dict[str, int] = {}  # by the ids of items
        self._queue: list[_Item] = []
        self._turn = 0  # of the first that is not over
        self.response: Body | None = None  # that has ended, and has not failed
        self.cut: str | None = None  # why it is incomplete, if it is
        self.failed = False  # which is told by another way
        self._over = False

    def feed(self, name: str, data: Body) -> Iterator[Piece]:
        """What can be told now. Raises ValueError for what is no stream of a Response."""
        kind = str(data.get("type") or name)
        if self._over:
            return
        stem, _, last = kind.rpartition(".")
        if stem in _SAID and last in ("delta", "done"):
            self._word(stem, last, data)
        elif kind == "response.output_item.added":
            self._add(self._place(data), data.get("item"))
        elif kind == "response.output_item.done":
            self._end(self._place(data), data.get("item"))
        elif kind in ("response.completed", "response.incomplete"):
            self._finish(data.get("response"), incomplete=last == "incomplete")
        elif kind in ("error", "response.failed", "response.cancelled"):
            self.failed = self._over = True
            return
        yield from self._tell()

    def whole(self, response: Body) -> Iterator[Piece]:
        """All of a Response that did not come as a stream. Raises ValueError for what is none, or has failed."""
        status = response.get("status", "completed")
        if not isinstance(response.get("output"), list) or status not in ("completed", "incomplete"):
            raise ValueError("the reply holds no output, or has not ended")
        self._finish(response, incomplete=status == "incomplete")
        yield from self._tell()

    def _finish(self, response: object, *, incomplete: bool) -> None:
        if not isinstance(response, dict) or response.get("status") in ("failed", "cancelled"):
            raise ValueError("the response has not ended as it says")
        details = response.get("incomplete_details")
        if incomplete or response.get("status") == "incomplete":
            reason = details.get("reason") if isinstance(details, dict) else None
            self.cut = reason if isinstance(reason, str) else "max_output_tokens"
        output = response.get("output")
        for place, item in enumerate(output if isinstance(output, list) else ()):
            if place not in self._items or not self._items[place].over:
                self._end(place, item)
        for state in self._queue:
            state.over = True
        self.response, self._over = response, True

    def _place(self, data: Body) -> object:
        """Where servers number no items (llama.cpp): by the id, else the next, or of words without an id the last."""
        given, item = data.get("output_index"), data.get("item")
        if given is not None:
            return given
        id = item.get("id") if isinstance(item, dict) else data.get("item_id")
        if isinstance(id, str) and id in self._places:
            return self._places[id]
        return len(self._items) if "item" in data else len(self._items) - 1

    def _add(self, place: object, item: object) -> _Item:
        if type(place) is not int or place in self._items:
            raise ValueError("an item has no place of its own")
        if not isinstance(item, dict) or str(item.get("type")) not in _ITEMS:
            raise ValueError("the reply holds an item of a kind that was not asked for")
        state = self._items[place] = _Item(dict(item))
        if isinstance(item.get("id"), str):
            self._places.setdefault(item["id"], place)
        self._queue.append(state)
        for kind, part, words in said_in(item):
            self._say(state, kind, part, words)
        return state

    def _word(self, stem: str, last: str, data: Body) -> None:
        kind, count, whole = _SAID[stem]
        place, part = self._place(data), data.get(count, 0)
        state = self._items.get(place) if type(place) is int else None
        words = data.get("delta" if last == "delta" else whole)
        if state is None or kind not in _OF[state.body["type"]] or type(part) is not int:
            raise ValueError("words came for no item")
        if not isinstance(words, str):
            return
        if last == "done":
            self._catch_up(state, kind, part, words)
        elif state.over:
            raise ValueError("words came for an item that was over")
        else:
            self._say(state, kind, part, words)

    def _end(self, place: object, item: object) -> None:
        if type(place) is not int or place not in self._items:
            self._add(place, item)
        state = self._items[place]  # type: ignore[index]
        if not isinstance(item, dict) or item.get("type") != state.body["type"] or state.over:
            raise ValueError("an item ended that was none, or another")
        for kind, part, words in said_in(item):
            self._catch_up(state, kind, part, words)
        state.body |= {name: value for name, value in item.items() if value is not None}
        state.over = True

    def _catch_up(self, state: _Item, kind: Kind, part: int, words: str) -> None:
        said = "".join(state.said.get((kind, part), ()))
        if words.startswith(said):
            self._say(state, kind, part, words[len(said) :])

    def _say(self, state: _Item, kind: Kind, part: int, words: str) -> None:
        if words and not state.over:
            state.said.setdefault((kind, part), []).append(words)
            state.waiting.append((kind, part, words))

    def _tell(self) -> Iterator[Piece]:
        while self._turn < len(self._queue):
            state = self._queue[self._turn]
            if not state.begun and not _may_begin(state):
                return
            if not state.begun:
                state.begun = True
                yield Piece("begin", state.body)
            for kind, part, words in state.waiting:
                yield Piece(kind, state.body, part, words)
            state.waiting.clear()
            if not state.over:
                return
            self._turn += 1
            yield Piece("end", _whole(state))


def _may_begin(state: _Item) -> bool:
    """A call is told with its id and its name."""
    if state.body["type"] not in CALLS:
        return True
    body = state.body
    if not body.get("call_id") and state.over:
        body["call_id"] = body.get("id")
    if all(isinstance(body.get(name), str) and body[name] for name in ("call_id", "name")):
        return True
    if state.over:
        raise ValueError("a tool call has no name or no id")
    return False


def _whole(state: _Item) -> Body:
    """A call with all that it was given, whichever event brought it."""
    body = state.body
    for field_ in ("arguments", "input"):
        if ((kind := field_), 0) in state.said:
            body[field_] = "".join(state.said[kind, 0])  # type: ignore[index]
    return body


def said_in(item: Body) -> Iterator[tuple[Kind, int, str]]:
    """Everything that an item says, with the number of its part. Raises ValueError for a part of no known kind."""
    kind = item.get("type")
    if kind == "message":
        yield from _parts(item.get("content"), {"output_text": "text", "text": "text", "refusal": "refusal"})
    elif kind == "reasoning":
        yield from _parts(item.get("summary"), {"summary_text": "summary"})
        yield from _parts(item.get("content"), {"reasoning_text": "thought", "text": "thought"})
    elif isinstance(kind, str) and kind in CALLS:
        name: Kind = "arguments" if kind == "function_call" else "input"
        given = item.get(name)
        if isinstance(given, dict):
            given = _encode(given).decode()
        if isinstance(given, str) and given:
            yield name, 0, given


def _parts(content: object, kinds: dict[str, Kind]) -> Iterator[tuple[Kind, int, str]]:
    for place, part in enumerate(content if isinstance(content, list) else ()):
        kind = kinds.get(str(part.get("type"))) if isinstance(part, dict) else None
        if kind is None:
            raise ValueError("an item holds a part of a kind that was not asked for")
        words = part.get("refusal" if kind == "refusal" else "text")
        if isinstance(words, str):
            yield kind, place, words
