"""A body as multipart/form-data, read strictly: who sends it on must know that nobody reads it in another way. Pure.

What a lenient reader could take for something else is refused: text around the parts, a boundary inside of one, a
name that is given twice, headers that nobody needs. The bytes themselves are kept as they came.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec

from gateway.errors import GatewayError
from gateway.interfaces.transcription import AUDIO_MS
from gateway.sound import length_ms

MOST_PARTS = 100
MOST_HEAD = 2_048  # bytes of the headers of one part
MOST_TEXT = 1_000_000  # bytes of a field that is no file
_BOUNDARY = re.compile(
    r'multipart/form-data\s*;\s*boundary=(?:"([^"]*)"|([^\s;"]+))\s*(?:;\s*charset="?utf-8"?\s*)?', re.IGNORECASE
)
_MARK = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
_PARAMETER = re.compile(rb'\s*;\s*(name|filename|filename\*)=("(?:[^"\\\r\n]|\\["\\])*"|[^\s;"\\]+)')
_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}(\[\])?")
_PLAIN = frozenset((b"7bit", b"8bit", b"binary"))
_TYPE = re.compile(
    r"""([\w.+-]+/[\w.+-]+)(?:\s*;\s*charset="?(?:utf-8|us-ascii)"?|\s*;\s*codecs="?[\w.,-]+"?)?""", re.I
)


@dataclass(frozen=True, slots=True)
class Part:
    """One field. `start` and `end` say where its content stands in the body."""

    name: str
    filename: str | None  # None: it is no file
    start: int
    end: int
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A body, and where its fields are."""

    body: bytes
    boundary: str
    parts: tuple[Part, ...]

    @property
    def content_type(self) -> str:
        plain = re.fullmatch(r"[0-9A-Za-z'+_.-]+", self.boundary)
        return "multipart/form-data; boundary=" + (self.boundary if plain else f'"{self.boundary}"')

    def content(self, part: Part) -> bytes:
        return self.body[part.start : part.end]

    def with_value(self, name: str, value: bytes) -> bytes:
        """The body with another value of this field; every other byte as it came."""
        if b"--" + self.boundary.encode() in value:
            raise GatewayError("invalid_request", "the boundary of the form is a part of what it holds")
        part = next(part for part in self.parts if part.name == name)
        return b"".join((self.body[: part.start], value, self.body[part.end :]))

    def changed(self, drop: Collection[str], add: Sequence[tuple[str, str]]) -> bytes:
        """The body without these fields (`x[]` is `x`), and with others at its end. Raises GatewayError."""
        line = b"--" + self.boundary.encode()
        first, *pieces, last = self.body.split(line)
        kept = [each for part, each in zip(self.parts, pieces, strict=True) if part.name.removesuffix("[]") not in drop]
        for name, value in add:
            if line in value.encode():
                raise GatewayError("invalid_request", "the boundary of the form is a part of what is added to it")
            kept.append(f'\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
        return line.join((first, *kept, last))


def parse_form(body: bytes, content_type: str) -> Form:
    """Raises GatewayError `invalid_request`."""
    found = _BOUNDARY.fullmatch(content_type.strip())
    mark = (found[1] or found[2] or "") if found else ""
    if found is None or not _MARK.fullmatch(mark):
        raise _wrong("its content-type must be `multipart/form-data; boundary=…` and nothing more")
    line = b"--" + mark.encode()
    pieces = body.split(line, MOST_PARTS + 2)
    if len(pieces) > MOST_PARTS + 2:
        raise _wrong(f"it has more than {MOST_PARTS} parts")
    if len(pieces) < 3 or pieces[0] or pieces[-1] not in (b"--", b"--\r\n"):
        raise _wrong("it must begin with its boundary and end with it and `--`")
    parts: list[Part] = []
    at = len(line)
    for piece in pieces[1:-1]:
        parts.append(_part(piece, at))
        at += len(piece) + len(line)
    _check_names(parts)
    return Form(body, mark, tuple(parts))


def fields_of(form: Form, files: frozenset[str]) -> dict[str, msgspec.Raw]:
    """A form as the fields of a body: a file as what is known of it, a name that is given several times as a list.

    `files`: names of the fields that hold files. Raises GatewayError.
    """
    found: dict[str, list[object]] = {}
    for part in form.parts:
        if part.filename is not None or part.name in files:
            if part.name not in files:
                raise GatewayError("invalid_request", f"`{part.name}` is no file here", param=part.name)
            content = form.content(part)
            about: dict[str, object] = {"filename": part.filename or "", "bytes": len(content)}
            if (heard := length_ms(content)) is not None:
                about[AUDIO_MS] = heard
            value: object = {"file": about | ({"media_type": part.media_type} if part.media_type else {})}
        else:
            text = _text_of(form, part)
            value = _FLAGS.get(text.lower(), text) if part.name == "stream" else text
        found.setdefault(part.name, []).append(value)
    raw = {name: values if name.endswith("[]") else values[0] for name, values in found.items()}
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in raw.items()}


def _text_of(form: Form, part: Part) -> str:
    """A field that is no file. Raises GatewayError."""
    content = form.content(part)
    if len(content) > MOST_TEXT:
        raise _wrong(f"`{part.name}` is longer than {MOST_TEXT:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise _wrong(f"`{part.name}` is not UTF-8") from None


def _part(piece: bytes, at: int) -> Part:
    """`piece`: what stands between two boundaries; `at`: where it begins."""
    head, blank, _ = piece.partition(b"\r\n\r\n")
    if not (piece.startswith(b"\r\n") and blank and piece.endswith(b"\r\n")) or len(head) > MOST_HEAD:
        raise _wrong("a part is not headers, an empty line and a content, each ended by CRLF")
    start, end = at + len(head) + len(blank), at + len(piece) - 2
    if end < start:
        raise _wrong("a part has no content")
    headers = _headers(head[2:])
    if headers.get(b"content-length", b"%d" % (end - start)) != b"%d" % (end - start):
        raise _wrong("a part has another length than it says")
    return Part(*_named(headers.get(b"content-disposition", b"")), start, end, _type(headers.get(b"content-type")))


def _headers(head: bytes) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        key = name.lower()
        if not colon or key in found or b"\n" in line or b"\r" in line or b"\0" in line or line[:1].isspace():
            raise _wrong("the headers of a part cannot be read")
        found[key] = value.strip()
    if found.keys() - {b"content-disposition", b"content-type", b"content-length", b"content-transfer-encoding"}:
        raise _wrong("a part has a header that no form needs")
    if found.get(b"content-transfer-encoding", b"binary").lower() not in _PLAIN:
        raise _wrong("a part is encoded; send its bytes as they are")
    return found


def _type(written: bytes | None) -> str | None:
    """As it was written."""
    if written is None:
        return None
    text = written.decode("latin-1")
    if len(text) > 100 or not text.isascii() or not _TYPE.fullmatch(text):
        raise _wrong("a part has a content-type that cannot be read; texts are UTF-8")
    return text


def _named(said: bytes) -> tuple[str, str | None]:
    """Its name and, of a file, the file's."""
    kind, at, given = said[:9].lower(), 9, dict[bytes, str]()
    while found := _PARAMETER.match(said, at):
        if found[1] in given:
            raise _wrong("a part is named twice")
        given[found[1]], at = _decoded(found[2]), found.end()
    if kind != b"form-data" or at != len(said) or b"name" not in given:
        raise _wrong('a part needs `content-disposition: form-data; name="…"` and nothing but a file name beside it')
    name = given.pop(b"name")
    if not _NAME.fullmatch(name):
        raise _wrong("the name of a part is no name of a field")
    return name, " ".join(given.values()) if given else None


def _decoded(value: bytes) -> str:
    try:
        return unquote(value.strip(b'"').decode(), errors="strict")
    except UnicodeDecodeError:
        raise _wrong("the name of a part is not UTF-8") from None


def _check_names(parts: list[Part]) -> None:
    seen: set[str] = set()
    for part in parts:
        if part.name in seen and not part.name.endswith("[]"):
            raise GatewayError("invalid_request", f"the form gives `{part.name}` twice", param=part.name)
        if part.name.removesuffix("[]") in seen or f"{part.name}[]" in seen:
            words = f"the form gives `{part.name}` with `[]` and without"
            if part.name not in seen:
                raise GatewayError("invalid_request", words, param=part.name)
        seen.add(part.name)


def _wrong(why: str) -> GatewayError:
    return GatewayError("invalid_request", f"the form cannot be read: {why}")
