"""What is read of bodies that are fields: all that is asked, and whether a picture, a sound or a file is beside it."""

from __future__ import annotations

import msgspec
import pytest

from gateway.signals.read import Malformed, read
from gateway.signals.text import Passage, Text


def said(kind: str, **fields: object) -> Text:
    raw = msgspec.json.decode(msgspec.json.encode(fields), type=dict[str, msgspec.Raw])
    return read(kind, raw)


def texts(*words: str) -> tuple[Passage, ...]:
    return tuple(Passage("user", each) for each in words)


@pytest.mark.parametrize(("kind", "fields", "passages"), [
    ("image", {"prompt": "a cat", "size": "1024x1024", "n": 2, "response_format": "b64_json"}, texts("a cat")),
    ("speech", {"input": "read me", "voice": "alloy", "stream_format": "sse"}, texts("read me")),
    ("rerank", {"query": "q", "documents": ["one", {"text": "two"}], "top_n": 1}, texts("q", "one", "two")),
    ("rerank", {"query": "q", "documents": [{"text": "one", "title": "t"}]}, texts("q", "one", '{"title":"t"}')),
    ("rerank", {"query": "q", "documents": [{"title": "t"}]}, texts("q", '{"title":"t"}')),
    ("moderation", {"input": ["a", [{"type": "text", "text": "b"}]]}, texts("a", "b", '{"type":"text"}')),
    ("moderation", {"input": None}, ()),
])  # fmt: skip
def test_all_that_is_asked_is_read(kind, fields, passages):
    assert said(kind, model="m", **fields) == Text(passages)


@pytest.mark.parametrize(("kind", "fields"), [
    ("image", {"prompt": "a cat", "image": "https://a.example/cat.png"}),
    ("image", {"prompt": "data:image/png;base64,A"}),
    ("image", {"prompt": "a cat", "extra": {"reference_image": "x"}}), ("image", {"prompt": "a", "x": [" DATA:a"]}),
    ("rerank", {"query": "q", "documents": [{"image": "aGk="}]}), ("rerank", {"query": "q", "documents": [[1, 2]]}),
    ("moderation", {"input": [{"type": "image_url", "image_url": {"url": "https://a.example/cat.png"}}]}),
    ("moderation", {"input": 5}), ("speech", {"input": "a", "speaker_embedding": [0.12345678901234567]}),
])  # fmt: skip
def test_what_nobody_can_read_is_told(kind, fields):
    assert not said(kind, model="m", **fields).readable


@pytest.mark.parametrize(("kind", "fields"), [
    ("image", {"prompt": "a", "image": None, "mask": ""}), ("image", {"prompt": "a", "partial_images": 2}),
    ("image", {"prompt": "the data: a file"}), ("speech", {"input": "a", "response_format": "opus"}),
])  # fmt: skip
def test_a_field_that_says_nothing_hides_nothing(kind, fields):
    assert said(kind, model="m", **fields).readable


def test_of_a_file_its_name_and_kind_are_read_and_it_is_told_that_more_is_there():
    about = {"filename": "call of Ann.mp3", "bytes": 3, "media_type": "audio/mpeg"}
    found = said("transcription", model="m", file={"file": about}, prompt="names: Bob")

    assert not found.readable
    assert {"call of Ann.mp3", "audio/mpeg", "names: Bob"} <= {passage.text for passage in found.passages}
    assert "3" not in {passage.text for passage in found.passages}


@pytest.mark.parametrize("file", [None, "text", {"file": "text"}, {"file": {"filename": ""}}, [{"file": {}}]])
def test_a_file_without_a_name_is_unread_all_the_same(file):
    found = said("transcription", model="m", file=file)

    assert not found.readable and found.passages == ()


def test_files_in_a_list_are_each_read_by_their_names():
    form = {"image[]": [{"file": {"filename": name}} for name in ("a.png", "b.png")]}
    found = said("image", model="m", prompt="mix them", **form)

    assert {"mix them"} <= {passage.text for passage in found.passages}


def test_options_that_we_do_not_know_are_read_with_their_names():
    found = said("image", model="m", prompt="a cat", negative_words="Ann Lee", style={"mood": "grim"})

    words = " ".join(passage.text for passage in found.passages)
    assert all(each in words for each in ("a cat", "negative_words", "Ann Lee", "mood", "grim"))


def test_what_nests_too_deeply_is_malformed():
    with pytest.raises(Malformed, match="nests less deeply"):
        read("image", {"prompt": msgspec.Raw(b"[" * 5_000 + b"]" * 5_000)})
