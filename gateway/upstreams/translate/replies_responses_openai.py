"""Chat Completions to Responses, the reply: whole, and event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.outcome.finishes import meaning_of, said_of
from gateway.outcome.usage import read_usage
from gateway.upstreams.translate.responses_answer import Answer
from gateway.upstreams.translate.spec import Body, Memory
from gateway.upstreams.translate.wrapping import text_in

_encode = msgspec.json.Encoder().encode
_REASONS = {
    "length": "max_output_tokens", "context": "max_output_tokens", "cut": "max_output_tokens",
    "filtered": "content_filter", "declined": "content_filter",
}  # fmt: skip
_BROKEN = frozenset({"failed", "overloaded", "malformed"})
_UNFINISHED = "the reply stopped without a finish reason"


def whole(reply: Body, memory: Memory) -> dict[str, Any]:
    """Raises ValueError for what is no reply."""
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise ValueError("the reply holds no message")
    made = _Reading(memory, told=False)
    made.count(reply)
    made.say(message)
    return made.finish(choice.get("finish_reason"))


class Stream:
    """Ends with exactly one of response.completed, response.incomplete and response.failed."""

    def __init__(self, memory: Memory):
        self._reading = _Reading(memory, told=True)
        self._finish: object = None

    def feed(self, name: str, data: Body) -> bytes:
        """See StreamTranslator. Raises ValueError for what is no Chat stream."""
        answer = self._reading.answer
        if answer.ended:
            return b""
        answer.begin()
        self._reading.count(data)
        choices = data.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
                self._finish = choice.get("finish_reason") or self._finish
                if isinstance(choice.get("delta"), dict):
                    self._reading.say(choice["delta"])
        return answer.take()

    def end(self) -> bytes:
        """See StreamTranslator. What was never finished has failed."""
        if self._reading.answer.ended:
            return b""
        try:
            if said_of(self._finish) is None:
                raise ValueError(_UNFINISHED)
            self._reading.finish(self._finish)
        except ValueError as wrong:
            self._reading.answer.fail("server_error", str(wrong))
        return self._reading.answer.take()

    def fail(self, code: str, message: str) -> bytes:
        """See TellsFailure."""
        answer = self._reading.answer
        if not answer.ended:
            answer.fail(code, message)
        return answer.take()


@dataclass(slots=True)
class _Call:
    """A tool call that comes in pieces."""

    number: int
    id: str = ""
    name: str = ""
    custom: bool = False  # in Chat too
    written: bool = False  # that it begins
    over: bool = False
    waiting: list[str] = field(default_factory=list)  # what it was given and is not told yet
    given: bool = False  # anything


class _Reading:
    """Calls may come interleaved, and are told one after the other: the first as it comes, the rest when they are
    whole. What is said after them waits until it is sure that they are whole: another call begins, or the end comes."""

    def __init__(self, memory: Memory, *, told: bool):
        self.answer = Answer(memory, told=told)
        self._memory = memory
        self._calls: list[_Call] = []
        self._places: dict[object, _Call] = {}  # by the vendor's index, or by id where it gives none
        self._ids: set[str] = set()  # that are told
        self._turn = 0  # of the first call that is not over
        self._later: list[tuple[str, str]] = []  # said since the calls began
        self._usage: Any = None

    def count(self, data: Body) -> None:
        """The last usage that is told is the one that holds."""
        if isinstance(data.get("usage"), dict):
            self._usage = read_usage(data["usage"]) or self._usage
        if data.get("service_tier") is not None:
            self.answer.service_tier = data["service_tier"]

    def say(self, delta: Body) -> None:
        """A delta, or a whole message. Raises ValueError."""
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        for kind, words in (
            ("reasoning_text", thought),
            ("output_text", _texts(delta.get("content"))),
            ("refusal", delta.get("refusal")),
        ):
            if isinstance(words, str) and words:
                if self._turn < len(self._calls):
                    self._later.append((kind, words))
                else:
                    self.answer.say(kind, words)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if not isinstance(call, dict):
                raise ValueError("a tool call is no object")
            self._call(call)

    def finish(self, reason: object) -> dict[str, Any]:
        """The whole Response. Raises ValueError where the upstream says that it failed."""
        said = said_of(reason)
        meaning = meaning_of(said) if said is not None else None
        if meaning in _BROKEN:
            raise ValueError(f"the reply ended with `{said}`")
        why = _REASONS.get(meaning or "")
        self._end_calls(cut=why is not None)
        return self.answer.finish("incomplete" if why else "completed", why, self._usage)

    def _call(self, piece: Body) -> None:
        kind = "custom" if isinstance(piece.get("custom"), dict) else "function"
        inner = piece[kind] if isinstance(piece.get(kind), dict) else {}
        id, name = _word(piece.get("id")), _word(inner.get("name"))
        place = piece["index"] if type(piece.get("index")) is int else id
        call = self._known(place, id, name) or self._begin(place)
        call.id, call.name = call.id or id, call.name or name
        call.custom = call.custom or kind == "custom" or piece.get("type") == "custom"
        more = inner.get("input" if kind == "custom" else "arguments")
        if isinstance(more, dict):
            more = _encode(more).decode()
        if isinstance(more, str) and more:
            if call.over:
                raise ValueError("arguments came for a tool call that was over")
            call.waiting.append(more)
        if call.number == self._turn and call.name and not self._wrapped(call):
            self._tell(call)

    def _known(self, place: object, id: str, name: str) -> _Call | None:
        """The call that a piece belongs to. Some servers give no index, or give each call the same."""
        if place == "" and not name:
            return self._calls[-1] if self._calls else None
        call = self._places.get(place)
        another = call is not None and bool(name and id and call.id and id != call.id)
        return None if another else call

    def _begin(self, place: object) -> _Call:
        if self._later:
            self._end_calls(cut=False)
        call = _Call(number=len(self._calls))
        self._calls.append(call)
        if place != "":
            self._places[place] = call
        return call

    def _wrapped(self, call: _Call) -> bool:
        """A custom tool that Chat knows as a function: a text has to be taken out of its arguments, once whole."""
        return not call.custom and call.name in self._memory.wrapped_tools

    def _tell(self, call: _Call) -> None:
        if not call.written:
            call.written = True
            kind = "custom_tool_call" if call.custom or self._wrapped(call) else "function_call"
            own = not call.id or call.id in self._ids
            id = f"call_{self._memory.response_id}_{call.number}" if own else call.id
            self._ids.add(id)
            self.answer.call(kind, id, call.name)
        if call.waiting:
            call.given = True
            self.answer.give("".join(call.waiting))
            call.waiting.clear()

    def _end_calls(self, *, cut: bool) -> None:
        """`cut`: the last of them may not be whole."""
        for call in self._calls[self._turn :]:
            if not call.name:
                raise ValueError("a tool call has no name")
            if self._wrapped(call):
                call.waiting = [text_in("".join(call.waiting))]
            elif not (call.custom or call.given or call.waiting or cut):
                call.waiting = ["{}"]
            self._tell(call)
            call.over = True
        self._turn = len(self._calls)
        for kind, words in self._later:
            self.answer.say(kind, words)
        self._later.clear()


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(content: object) -> object:
    """A text, or the texts of parts."""
    if not isinstance(content, list):
        return content
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(part for part in parts if isinstance(part, str))
