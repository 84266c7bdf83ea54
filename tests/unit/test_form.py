"""A form is read strictly: what a lenient reader could take for something else is refused."""

from __future__ import annotations

import tracemalloc

import msgspec
import pytest

from gateway.errors import GatewayError
from gateway.form import MOST_HEAD, MOST_PARTS, MOST_TEXT, fields_of, parse_form
from gateway.interfaces import Units
from gateway.request import Arrival, parse

KIND = "multipart/form-data; boundary=xx"
NAMED = b'content-disposition: form-data; name="a"'
WAV = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x10\x27\0\0\x10\x27\0\0\x01\0\x08\0data\0\0\0\0" + b"\0" * 10_000


def part(head: bytes = NAMED, content: bytes = b"1") -> bytes:
    return b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


def body(*parts: bytes, end: bytes = b"--\r\n") -> bytes:
    return b"--xx" + b"--xx".join((*parts, end))


def named(name: str, content: bytes, *, file: str | None = None, media_type: str | None = None) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file is not None else "")
    return part((head + (f"\r\nContent-Type: {media_type}" if media_type else "")).encode(), content)


def fields(*parts: bytes, files: frozenset[str] = frozenset({"file"})) -> dict[str, object]:
    found = fields_of(parse_form(body(*parts), KIND), files)
    return {name: msgspec.json.decode(value) for name, value in found.items()}


def refused(data: bytes, kind: str = KIND) -> str:
    with pytest.raises(GatewayError) as caught:
        fields_of(parse_form(data, kind), frozenset({"file"}))
    assert caught.value.code == "invalid_request"
    return caught.value.message


def test_fields_are_left_out_and_added_and_every_other_byte_stays():
    parts = [named("model", b"m"), named("tags[]", b"a"), named("file", WAV, file="a.wav"), named("tags[]", b"b")]
    form = parse_form(body(*parts), KIND)

    changed = parse_form(form.changed(["tags"], [("language", "de"), ("hotwords[]", "sea"), ("hotwords[]", "α")]), KIND)

    assert fields_of(changed, frozenset({"file"})).keys() == {"model", "file", "language", "hotwords[]"}
    assert [changed.content(part).decode() for part in changed.parts[2:]] == ["de", "sea", "α"]
    assert changed.content(changed.parts[1]) == WAV and form.changed([], []) == form.body
    with pytest.raises(GatewayError):
        form.changed([], [("a", "1\r\n--xx--")])


@pytest.mark.parametrize("kind", [
    "", "application/json", "multipart/form-data", "multipart/mixed; boundary=xx", "multipart/form-data; boundary=",
    'multipart/form-data; boundary=""', "multipart/form-data; boundary=xx; boundary=yy",
    "multipart/form-data; charset=utf-8; boundary=xx", "multipart/form-data; boundary=x\u00e4",
    "multipart/form-data; boundary=" + "x" * 71, 'multipart/form-data; boundary="x y"',
    "multipart/form-data; boundary=xx; charset=utf-16",
])  # fmt: skip
def test_a_content_type_that_can_be_read_in_two_ways_is_refused(kind):
    assert "its content-type must be" in refused(body(part()), kind)


@pytest.mark.parametrize("kind", [
    KIND, "Multipart/Form-Data;boundary=xx", 'multipart/form-data; boundary="xx"',
    "multipart/form-data; boundary=xx; charset=UTF-8", ' multipart/form-data; boundary="xx" ; charset="utf-8" ',
])  # fmt: skip
def test_a_content_type_is_read_however_its_one_boundary_is_written(kind):
    form = parse_form(body(part()), kind)

    assert form.boundary == "xx" and form.content_type == KIND


def test_a_boundary_that_is_no_token_is_quoted_again():
    data = body(part()).replace(b"xx", b"x:x")

    assert parse_form(data, 'multipart/form-data; boundary="x:x"').content_type == (
        'multipart/form-data; boundary="x:x"'
    )


@pytest.mark.parametrize(("data", "words"), [
    (b"", "begin with its boundary"), (body(), "begin with its boundary"), (b"pre" + body(part()), "begin with"),
    (body(part(), end=b""), "end with it"), (body(part(), end=b"--\r\npost"), "end with it"),
    (body(part(content=b"a--xxb")), "each ended by CRLF"), (body(b"\n" + NAMED + b"\n\n1\n"), "each ended by CRLF"),
    (body(b"\r\n" + NAMED + b"\r\n\r\n1"), "each ended by CRLF"), (body(b"\r\n" + NAMED + b"\r\n"), "CRLF"),
    (body(b"\r\n" + NAMED + b"\r\n\r\n"), "no content"),
    (body(part(NAMED + b"\r\ncontent-type: " + b"a" * MOST_HEAD)), "each ended by CRLF"),
    (body(*[part()] * (MOST_PARTS + 1)), "more than 100 parts"),
])  # fmt: skip
def test_a_body_that_is_not_parts_between_boundaries_is_refused(data, words):
    assert words in refused(data)


@pytest.mark.parametrize(("head", "words"), [
    (NAMED + b"\r\nno colon", "headers of a part cannot be read"), (NAMED + b"\r\n" + NAMED, "headers of a part"),
    (NAMED + b"\r\n folded: a", "headers of a part"), (NAMED + b"\nx: y", "headers of a part"),
    (NAMED + b"\r\ncontent-type: a\0b", "headers of a part"), (NAMED + b"\r\nx-other: y", "header that no form needs"),
    (NAMED + b"\r\ncontent-transfer-encoding: base64", "encoded"), (NAMED + b"\r\ncontent-length: 7", "another length"),
    (NAMED + b"\r\ncontent-type: text/plain; charset=utf-16", "content-type that cannot be read"),
    (NAMED + b"\r\ncontent-type: text", "content-type that cannot be read"),
    (NAMED + b"\r\ncontent-type: a/" + b"b" * 100, "content-type that cannot be read"),
    (NAMED + b"\r\ncontent-type: a/\xe4", "content-type that cannot be read"),
    (b"content-type: text/plain", "a part needs"), (b"content-disposition: attachment; name=a", "a part needs"),
    (b"content-disposition: form-data", "a part needs"), (b'content-disposition: form-data; filename="a"', "needs"),
    (NAMED + b"; size=3", "a part needs"), (NAMED + b"; name=b", "named twice"),
    (b'content-disposition: form-data; name="a\xff"', "not UTF-8"),
    (b'content-disposition: form-data; name="a%ff"', "not UTF-8"),
    (b'content-disposition: form-data; name="a b"', "no name of a field"),
    (b'content-disposition: form-data; name=""', "no name of a field"),
])  # fmt: skip
def test_headers_of_a_part_that_nobody_needs_or_reads_alike_are_refused(head, words):
    assert words in refused(body(part(head)))


@pytest.mark.parametrize("more", [
    b"content-length: 1", b"content-transfer-encoding: 8BIT", b"content-type: text/plain; charset=UTF-8",
    b'content-type: audio/ogg; codecs="opus"',
])  # fmt: skip
def test_headers_that_clients_write_are_taken(more):
    assert fields(part(NAMED + b"\r\n" + more)) == {"a": "1"}


@pytest.mark.parametrize(("names", "words"), [
    (("a", "a"), "gives `a` twice"), (("a", "a[]"), "with `[]` and without"), (("a[]", "a"), "with `[]` and without"),
])  # fmt: skip
def test_a_name_is_given_once_or_always_as_one_of_a_list(names, words):
    assert words in refused(body(*[named(name, b"1") for name in names]))


def test_a_field_is_a_text_a_list_a_flag_or_what_is_known_of_a_file():
    found = fields(
        named("model", "wörter".encode()), named("stream", b"True"), named("t[]", b"a"), named("t[]", b"b"),
        named("file", b"abc", file="a%20b.mp3", media_type="audio/mpeg"),
    )  # fmt: skip

    about = {"filename": "a b.mp3", "bytes": 3, "media_type": "audio/mpeg"}
    assert found == {"model": "wörter", "stream": True, "t[]": ["a", "b"], "file": {"file": about}}


@pytest.mark.parametrize(("said", "value"), [
    (b"1", True), (b"FALSE", False), (b"0", False), (b"", False), (b"maybe", "maybe"),
])  # fmt: skip
def test_a_flag_is_read_from_its_words(said, value):
    assert fields(named("stream", said)) == {"stream": value}


def test_a_file_that_says_how_long_it_plays_is_known_by_that():
    about = fields(named("file", WAV, file="a.wav"))["file"]

    assert about == {"file": {"filename": "a.wav", "bytes": len(WAV), "audio_ms": 1_000}}


def test_a_field_of_files_is_one_without_a_name_too():
    assert fields(named("file", b"abc")) == {"file": {"file": {"filename": "", "bytes": 3}}}


@pytest.mark.parametrize(("piece", "words"), [
    (named("prompt", b"x", file="a.txt"), "`prompt` is no file here"), (named("prompt", b"\xff"), "is not UTF-8"),
    (named("prompt", b"x" * (MOST_TEXT + 1)), "is longer than 1,000,000 bytes"),
])  # fmt: skip
def test_a_field_that_is_no_text_is_refused(piece, words):
    assert words in refused(body(piece))


def test_another_value_changes_nothing_else():
    data = body(named("model", b"old"), named("file", b"\0\r\n--x", file="f"))
    form = parse_form(data, KIND)

    assert form.with_value("model", b"newer") == data.replace(b"\r\nold\r\n", b"\r\nnewer\r\n")
    with pytest.raises(GatewayError, match="boundary"):
        form.with_value("model", b"a--xx")


@pytest.mark.parametrize(("file", "heard_ms"), [(WAV, 1_000), (b"ID3" + b"\0" * 7_997, 2_000), (b"", 0)])
def test_a_request_for_a_transcript_expects_the_length_of_its_file(file, heard_ms):
    data = body(named("model", b"whisper"), named("file", file, file="a"))
    request = parse("transcription", data, Arrival("r", 1.0, 1.0), KIND)

    expected = Units(audio_ms=heard_ms, input_tokens=heard_ms // 100, output_tokens=-(-heard_ms // 250))
    assert (request.model, request.units, request.body_bytes) == ("whisper", expected, len(data))
    assert request.form is not None and request.form.body is data


def test_a_body_of_boundaries_alone_takes_no_memory_for_each():
    body = b"--a" * 100_000
    tracemalloc.start()
    with pytest.raises(GatewayError, match="more than 100 parts"):
        parse_form(body, "multipart/form-data; boundary=a")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 2 * len(body)
