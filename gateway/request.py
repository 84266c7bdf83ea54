"""One request of a caller, parsed no further than we act on it; every other field survives untouched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from gateway.errors import GatewayError
from gateway.form import Form, fields_of, parse_form
from gateway.frozen import frozen
from gateway.interfaces import INTERFACES, Interface, Units
from gateway.interfaces.counts import Decoded, whole_number

Fields = dict[str, msgspec.Raw]

_FIELDS = msgspec.json.Decoder(Fields)
_STRING = msgspec.json.Decoder(str)
_FLAG = msgspec.json.Decoder(bool | None)
_OBJECT = msgspec.json.Decoder(dict[str, Any] | None)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


class Message(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """The common message, which is decoded fastest: a role and a text, nothing else."""

    role: str
    content: str


_TALK = msgspec.json.Decoder(list[Message])
_MESSAGE = msgspec.json.Decoder(Message)

# Names that we act on: a vendor that ignores case must not find one that we overlooked.
_OURS = frozenset(
    """
    model models messages prompt input system instructions suffix documents stream stream_options n best_of max_tokens
    max_completion_tokens max_output_tokens tools tool_choice functions function_call response_format logprobs
    reasoning reasoning_effort thinking store previous_response_id conversation container prompt_cache_key metadata
    user provider providers route plugins transforms web_search_options mcp_servers modalities audio
    """.split()
)
ID_BITS = 52  # of chance in the name of a request
MOST_CHOICES = 128
MOST_FIELDS = 1_000
MOST_OBJECTS = 500_000  # and lists of a body; each takes a hundred times its bytes while it is read
MOST_OPENING = 16  # messages that tell one conversation from another
NO_UNITS = Units()
CacheControl = Literal["", "no-cache", "no-store"]  # no-cache: made anew, and kept; no-store: neither given nor kept


def new_id(at: float, chance: int) -> str:
    """A name for a request received then; `chance`: ID_BITS bits of it.

    It begins with the time: indexes of the ledger then grow at their end, where a batch of rows shares few pages.
    """
    return f"req_{int(at * 1000) << ID_BITS | chance:024x}"


@frozen
class Arrival:
    """How a request came in: what its headers and the clock say."""

    id: str  # ours, see `new_id`
    received_at: float  # seconds since the epoch
    started: float  # monotonic seconds
    data_class: str | None = None  # x-gateway-data-class
    tag: str | None = None  # x-gateway-tag
    sources: tuple[str, ...] = ()  # x-gateway-source, as they were written
    client_request_id: str | None = None  # x-client-request-id
    traceparent: str | None = None
    strict: bool = False  # x-gateway-strict: nothing may be adapted
    cache_control: CacheControl = ""
    options: tuple[tuple[str, str], ...] = ()  # headers that choose features of a dialect, as upstreams know them


@frozen
class Request:
    """What came in. `fields` holds every top-level field of the body as raw JSON, in the caller's order."""

    arrival: Arrival
    interface: Interface
    model: str  # the string the caller asked for
    stream: bool
    include_usage: bool  # the caller asked for the usage chunk of a stream
    max_tokens: int | None
    choices: int  # answers in the reply: n for each prompt
    generated: int  # answers that are made and billed, whatever the reply holds: `best_of`
    fields: Fields
    body_bytes: int
    talk: list[Message] | None = None  # the messages, if all of them are common ones and no name is given twice
    units: Units = NO_UNITS  # what it asks for that is not text
    form: Form | None = None  # the body as it came, where it is a form

    @property
    def id(self) -> str:
        return self.arrival.id

    @property
    def as_events(self) -> bool:
        """A stream that is events; False: sound as it comes."""
        return not self.interface.spoken or Decoded(self.fields).get("stream_format") == "sse"

    @property
    def kind(self) -> str:
        """The name of its interface: a word of policies, of the catalogue and of all that is recorded."""
        return self.interface.kind


def parse(kind: str | Interface, body: bytes, arrival: Arrival, content_type: str = "") -> Request:
    """Raises GatewayError `invalid_request`, naming the field. `content_type`: where the interface takes forms."""
    interface = INTERFACES[kind] if isinstance(kind, str) else kind
    form = parse_form(body, content_type) if interface.files else None
    fields = _decode(body) if form is None else fields_of(form, interface.files)
    if len(fields) > MOST_FIELDS:
        raise GatewayError("invalid_request", f"the body has {len(fields):,} fields; at most {MOST_FIELDS:,}")
    _check_spelling(fields)
    talk = talk_of(fields[interface.content]) if interface.messages and interface.content in fields else None
    if talk is None:
        _check_content(interface, fields)
    stream = "stream" in fields and bool(_field(fields, "stream", _FLAG.decode, "true or false"))
    options = (
        (_field(fields, "stream_options", _OBJECT.decode, "an object") or {}) if "stream_options" in fields else {}
    )
    choices, generated = _answers(interface, fields)
    return Request(
        arrival=arrival,
        interface=interface,
        model=_model(fields),
        stream=stream or interface.spoken,
        include_usage=options.get("include_usage") is True,
        max_tokens=_max_tokens(interface, fields),
        choices=choices,
        generated=generated,
        fields=fields,
        body_bytes=len(body),
        talk=talk,
        units=interface.units(Decoded(fields)) if interface.units is not None else NO_UNITS,
        form=form,
    )


def talk_of(messages: msgspec.Raw) -> list[Message] | None:
    """The messages, if all of them are common ones and no name is given twice."""
    try:
        talk: list[Message] = _TALK.decode(messages)
    except (msgspec.DecodeError, RecursionError):
        return None
    written = bytes(messages)
    if b"\\" in written and b"\\u003" in written:
        return None  # an escape may spell a colon
    # Decoding drops what was given before: its colon is one too many.
    colons = 2 * len(talk)
    for message in talk:
        colons += message.content.count(":") + message.role.count(":")
    return talk if talk and written.count(b":") == colons else None


def conversation(request: Request, key_id: str) -> bytes:
    """A name for the conversation that the request continues: what the caller calls it, else how it began."""
    fields = request.fields
    named = fields.get("previous_response_id") or fields.get("prompt_cache_key")
    if named is not None:
        return _digest(key_id.encode(), bytes(named))
    parts = [key_id.encode()]
    for name in ("system", "instructions"):
        if name in fields:
            parts.append(bytes(fields[name]))
    for message in _opening(request):
        if isinstance(message, Message):
            parts += (message.role.encode(errors="replace"), message.content.encode(errors="replace"))
            asked = message.role == "user"
        else:
            parts.append(bytes(message))
            asked = b'"user"' in parts[-1]
        if asked:
            break
    return _digest(*parts)


def _digest(*parts: bytes) -> bytes:
    return blake2b(b"\0".join(parts), digest_size=16).digest()


def _opening(request: Request) -> Sequence[Message | msgspec.Raw]:
    """The first messages: what a conversation began with is the same whatever is said later."""
    if request.talk is not None:
        return request.talk[:MOST_OPENING]
    written = request.fields.get(request.interface.content, msgspec.Raw(b"null"))
    try:
        listed = _LIST.decode(written)
    except msgspec.DecodeError:
        return (written,)
    return [_message(each) for each in listed[:MOST_OPENING]]


def _message(written: msgspec.Raw) -> Message | msgspec.Raw:
    try:
        return _MESSAGE.decode(written)
    except msgspec.DecodeError:
        return written


def _decode(body: bytes) -> Fields:
    if len(body) > MOST_OBJECTS and body.count(b"{") + body.count(b"[") > MOST_OBJECTS:
        raise GatewayError("invalid_request", f"the body holds more than {MOST_OBJECTS:,} objects and lists; send less")
    try:
        if not body.isascii():
            body.decode()
        return _FIELDS.decode(body)
    except UnicodeDecodeError as error:
        raise GatewayError("invalid_request", f"the body is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise GatewayError("invalid_request", "the body is nested too deeply") from None
    except msgspec.ValidationError:
        raise GatewayError("invalid_request", "the body must be a JSON object") from None
    except msgspec.DecodeError as error:
        raise GatewayError("invalid_request", f"the body is not JSON: {error}") from None


def _model(fields: Mapping[str, msgspec.Raw]) -> str:
    if "model" not in fields:
        raise GatewayError("invalid_request", "`model` is missing; GET /v1/models lists the names", param="model")
    model: str = _field(fields, "model", _STRING.decode, "a string")
    if not model:
        raise GatewayError("invalid_request", "`model` is empty; GET /v1/models lists the names", param="model")
    return model


def _answers(interface: Interface, fields: Mapping[str, msgspec.Raw]) -> tuple[int, int]:
    """How many the reply holds, and how many are generated."""
    if interface.answer is not None or interface.spoken:  # of such a reply there is one, whatever it holds
        return 1, 1
    if not interface.prompts:
        count = _count(fields, "n")
        return count, count
    count, prompts = _count(fields, "n"), _prompts(fields[interface.content])
    return count * prompts, max(count, _count(fields, "best_of")) * prompts


def _count(fields: Mapping[str, msgspec.Raw], name: str) -> int:
    if name not in fields:
        return 1
    count: int = _field(fields, name, whole_number, "a whole number from 0 up") or 1
    if count > MOST_CHOICES:
        raise GatewayError(
            "invalid_request", f"`{name}` is {count}; at most {MOST_CHOICES} answers at once", param=name
        )
    return count


def _prompts(prompt: msgspec.Raw) -> int:
    """A list of texts, or of lists of tokens, asks each; one list of tokens is one prompt."""
    try:
        listed: list[msgspec.Raw] = _LIST.decode(prompt)
    except msgspec.DecodeError:
        return 1
    return sum(bytes(one)[:1] in (b'"', b"[") for one in listed) or 1


def _check_spelling(fields: Fields) -> None:
    for name in fields:
        plain = name.lower()
        if plain != name and plain in _OURS:
            raise GatewayError("invalid_request", f"`{name[:80]}` is written `{plain}`", param=name[:80])


def _max_tokens(interface: Interface, fields: Mapping[str, msgspec.Raw]) -> int | None:
    """The largest: which of several an upstream obeys is its own affair, and the budget must reach for it."""
    named = [name for name in interface.limits if name in fields]
    given = [_field(fields, name, whole_number, "a whole number from 0 up") for name in named]
    return max((limit for limit in given if limit is not None), default=None)


def _check_content(interface: Interface, fields: Mapping[str, msgspec.Raw]) -> None:
    name = interface.content
    raw = fields.get(name)
    if raw is None:
        if interface.content_elsewhere & fields.keys():
            return
        raise GatewayError("invalid_request", f"`{name}` is missing", param=name)
    if interface.messages and not _field(fields, name, _LIST.decode, "a list"):
        raise GatewayError("invalid_request", f"`{name}` is empty; it takes at least one message", param=name)


def _field(fields: Mapping[str, msgspec.Raw], name: str, decode: Callable[[msgspec.Raw], Any], wanted: str) -> Any:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return decode(raw)
    except msgspec.DecodeError:
        raise GatewayError("invalid_request", f"`{name}` must be {wanted}", param=name) from None
