"""Where ids of what a vendor keeps stand in requests and replies, and how they are put in another's place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from gateway.errors import GatewayError
from gateway.outcome.wire import document_of
from gateway.request import Fields
from gateway.signals.kept_places import FIELDS, IN_CONTENT, Spot, in_field, in_tools
from gateway.signals.needs import refers
from gateway.upstreams.state_seal import MARK

Rename = Callable[[str], str]
Place = tuple[dict[str, Any], str]  # an object, and the name of its field
Path = tuple[Any, str]  # the path before, or None, and a step: written out only where an error names it
_IDS = frozenset(
    {"id", "item_id", "response_id", "previous_response_id", "container_id", "file_id", "approval_request_id"}
)
# Of callers, or nobody's: what looks like an id in there is none.
_CLOSED = frozenset({"metadata", "attributes", "tools", "tool_choice", "parameters", "input_schema", "arguments"})
_CONTENT = frozenset({"input", "messages"})
_MOST_PATH = 400  # characters of a place that an error names
_encode = msgspec.json.Encoder().encode


def opened(fields: Fields, unseal: Callable[[str], str | None]) -> dict[str, msgspec.Raw]:
    """The fields that name what is kept, with the vendor's ids. `unseal`: None for what is not this team's.

    Raises GatewayError, which names the place, for an id that was not handed out here.
    """
    made: dict[str, msgspec.Raw] = {}
    for name in fields.keys() & (FIELDS.keys() | _CONTENT | {"tools"}):
        value = msgspec.json.decode(fields[name])
        if value is None or value == "":
            continue
        claims = _Claims(unseal)
        if name in _CONTENT:
            claims.inside(value, name)
        else:
            holder = {name: value}
            claims.each(in_tools(value) if name == "tools" else in_field(name, holder))
            value = holder[name]
        if claims.found:
            made[name] = msgspec.Raw(_encode(value))
    return made


def mentions_sealed(fields: Fields) -> bool:
    """Quickly, of a conversation that may bring back items of a stored reply."""
    return "input" in fields and MARK.encode() in bytes(fields["input"])


class _Claims:
    """Replaces ids in decoded JSON, in its place."""

    def __init__(self, unseal: Callable[[str], str | None]):
        self._unseal = unseal
        self.found = False

    def each(self, spots: Iterable[Spot]) -> None:
        """Ids that must be ours."""
        for holder, key, where in spots:
            holder[key] = self._must(holder[key], where)

    def inside(self, content: Any, path: str) -> None:
        """Items and their parts: references and files must be ours, what else has one of our ids gets its own back."""
        for place, item in enumerate(content if path == "input" and isinstance(content, list) else ()):
            if isinstance(item, dict) and refers(item):
                item["id"] = self._must(item["id"], f"{path}[{place}].id")
        waiting: list[tuple[Any, Path]] = [(content, (None, path))]
        while waiting:
            value, where = waiting.pop()
            if isinstance(value, dict):
                self._item(value, where)
            waiting += [(each, (where, step)) for step, each in _inner(value)]

    def _item(self, item: dict[str, Any], path: Path) -> None:
        reference = item.get("type") == "item_reference"
        spoken = item.get("audio") if item.get("role") == "assistant" else None
        if isinstance(spoken, dict) and "id" in spoken:
            spoken["id"] = self._must(spoken["id"], _written((path, ".audio.id")))
        if item.get("type") == "tool_search_output":
            self.each(in_tools(item.get("tools"), _written((path, ".tools"))))
        for name in _IDS & item.keys():
            given = item[name]
            if name in IN_CONTENT or (reference and name == "id"):
                if given is not None:
                    item[name] = self._must(given, _written((path, f".{name}")))
            elif isinstance(given, str) and MARK in given:
                item[name] = self._must(given, _written((path, f".{name}")))

    def _must(self, given: object, path: str) -> str:
        vendor = self._unseal(given) if isinstance(given, str) else None
        if vendor is None:
            words = "names nothing that this team made through this gateway; leave it out, and send the conversation"
            raise GatewayError("unsupported_request", f"`{path}` {words}", param=path)
        self.found = True
        return vendor


def _inner(value: Any) -> Iterator[tuple[str, Any]]:
    """What may hold ids, with the step that leads to it."""
    if isinstance(value, list):
        return ((f"[{place}]", each) for place, each in enumerate(value) if isinstance(each, dict | list))
    named = value.items() if isinstance(value, dict) else ()
    return ((f".{name}", each) for name, each in named if name not in _CLOSED and isinstance(each, dict | list))


def _written(path: Path) -> str:
    """As callers write it; of a long one the beginning."""
    steps: list[str] = []
    rest: Any = path
    while rest is not None:
        rest, step = rest
        steps.append(step[:_MOST_PATH])
    return "".join(reversed(steps))[:_MOST_PATH]


class SealedReply:
    """Of one attempt: its bytes on their way to the caller, with sealed ids. Speaks as a translator's WayBack does."""

    __slots__ = ("_places", "_rename", "_stream")

    def __init__(self, kind: str, rename: Rename, *, stream: bool):
        """`kind`: of the request."""
        self._places = _PLACES[kind]
        self._rename = rename
        self._stream = stream

    def feed(self, out: bytes) -> bytes:
        """A whole reply, or whole events of a stream. Raises ValueError for a whole reply that is no JSON object."""
        if not self._stream:
            return self._document(out) if out else b""
        plain = out.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return b"".join([self._event(event) + b"\n\n" for event in plain.split(b"\n\n") if event.strip()])

    def end(self) -> bytes:
        """It adds nothing."""
        return b""

    def fail(self, error: GatewayError) -> bytes | None:
        """None: its dialect's `error_event` says it."""
        return None

    def _event(self, event: bytes) -> bytes:
        lines = event.split(b"\n")
        data = b"\n".join([line[5:].strip() for line in lines if line.startswith(b"data:")])
        if not data.startswith(b"{"):
            return event
        rest = [line for line in lines if not line.startswith(b"data:")]
        return b"\n".join([*rest, b"data: " + self._document(data)])

    def _document(self, body: bytes) -> bytes:
        document = document_of(body)
        if not isinstance(document, dict):
            raise ValueError("the reply is no JSON object")
        for holder, name in [place for each in _objects(document) for place in self._places(each)]:
            if isinstance(holder.get(name), str) and holder[name]:
                holder[name] = self._rename(holder[name])
        return _encode(document)


def _objects(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of a reply, those that may hold an id."""
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            yield value
            waiting += [each for name, each in value.items() if name not in _CLOSED]


def _in_responses(value: dict[str, Any]) -> Iterator[Place]:
    return ((value, name) for name in _IDS & value.keys())


def _in_chat(value: dict[str, Any]) -> Iterator[Place]:
    if isinstance(audio := value.get("audio"), dict):
        yield audio, "id"


def _in_messages(value: dict[str, Any]) -> Iterator[Place]:
    yield value, "file_id"
    if isinstance(container := value.get("container"), dict):
        yield container, "id"


_PLACES = {"responses": _in_responses, "chat": _in_chat, "messages": _in_messages}
