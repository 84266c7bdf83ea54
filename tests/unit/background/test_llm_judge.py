"""What the judge is understood to say."""

import json

import pytest

from gateway.background.llm_judge import verdict_of


def reply(content: object) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}}]}).encode()


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("ANSWERED", "answered"),
        ("**Declined.**", "declined"),
        ("<think>Is it DECLINED? No.</think>\nEVADED", "evaded"),
        ("ANSWERED, not DECLINED", None),
        ("It is neither.", None),
        ("UNANSWERED", None),
        ("<think>DECLINED", None),
        ("", None),
        (None, None),
        ([{"type": "text", "text": "ANSWERED"}], "answered"),
    ],
)
def test_one_word_is_an_opinion(said, verdict):
    assert verdict_of(reply(said)) == verdict


@pytest.mark.parametrize("body", [b"", b"{}", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"[" * 100_000])
def test_what_is_no_reply_is_no_opinion(body):
    assert verdict_of(body) is None
