"""How many are asked for, as leniently as a vendor may read it: too much is expected rather than too little."""

from __future__ import annotations

import msgspec
import pytest

from gateway.interfaces import INTERFACES, kinds, one_model, served
from gateway.interfaces.counts import MOST, Decoded, characters, number, whole_number, word


@pytest.mark.parametrize(("said", "expected"), [
    (5, 5), (5.9, 5), ("5", 5), (" 5\n", 5), ("+5", 5), ("5.0", 5), ("5e1", 50), ("\uff15", 5),
    (10**40, MOST), (1e300, MOST), ("1" * 5_000, MOST), ("inf", MOST),
    (None, 1), (True, 1), (0, 1), (-3, 1), ("-3", 1), ("nan", 1), ("five", 1), ("", 1), ([5], 1),
])  # fmt: skip
def test_a_number_is_read_however_it_is_written_and_never_as_less(said, expected):
    assert number({"n": said}, "n") == expected


@pytest.mark.parametrize(("said", "expected"), [
    ("High", "high"), ("1024x1024", "1024x1024"), ("a b", ""), ("x" * 17, ""), ("gro\u00df", ""), (5, ""), (None, ""),
])  # fmt: skip
def test_a_word_is_short_and_plain_or_not_said(said, expected):
    assert word({"size": said}, "size") == expected


@pytest.mark.parametrize(("written", "expected"), [
    (b"5", 5), (b"5.0", 5), (b"1e3", 1_000), (b"0", 0), (b"null", None), (b"9007199254740992", 2**53),
])  # fmt: skip
def test_a_whole_number_may_be_written_with_a_point(written, expected):
    assert whole_number(msgspec.Raw(written)) == expected


@pytest.mark.parametrize("written", [b"5.5", b"-1", b"-1.0", b'"5"', b"true", b"1e40", b"[]"])
def test_what_is_no_whole_number_is_none(written):
    with pytest.raises(msgspec.DecodeError):
        whole_number(msgspec.Raw(written))


@pytest.mark.parametrize(("said", "expected"), [
    ("héllo", 5), (["ab", "c"], 3), ([["a"], {"text": "abc"}], 1), ({"text": "abc"}, 0), (None, 0), (7, 0),
])  # fmt: skip
def test_characters_are_those_of_a_text_or_of_a_list_of_them(said, expected):
    assert characters(said) == expected


def test_fields_are_decoded_when_they_are_asked_for_and_what_cannot_be_is_nothing():
    fields = Decoded({"a": msgspec.Raw(b"[1]"), "b": msgspec.Raw(b"[" * 100_000), "c": msgspec.Raw(b"oops")})

    assert (fields["a"], fields["b"], fields["c"], len(fields), list(fields)) == ([1], None, None, 3, ["a", "b", "c"])
    assert fields.get("d") is None


@pytest.mark.parametrize(("kind", "one"), [("embedding", True), ("chat", False), ("unheard", False), (None, False)])
def test_answers_of_two_models_stand_for_each_other_but_where_they_cannot(kind, one):
    assert one_model(kind) is one


def test_every_path_leads_to_one_interface():
    paths = served()

    assert {"/v1/chat/completions", "/v1/images/edits", "/v1/audio/translations", "/v2/rerank"} <= paths.keys()
    assert paths["/v1/rerank"] is paths["/v2/rerank"] is INTERFACES["rerank"]
    assert {each.kind for each in paths.values()} <= set(kinds()) == INTERFACES.keys()
