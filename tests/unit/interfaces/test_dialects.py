"""Errors look to each family of APIs as its own vendor's do."""

from __future__ import annotations

import json

import pytest

from gateway.errors import GatewayError
from gateway.interfaces.dialects import ANTHROPIC, OPENAI, OPENAI_RESPONSES

ERROR = GatewayError("invalid_request", "`n` is 900", param="n")
OURS = {"message": "`n` is 900", "type": "invalid_request_error", "param": "n", "code": "invalid_request"}
THEIRS = {"type": "error", "error": {"type": "invalid_request_error", "message": "`n` is 900 (invalid_request)"}}


def event(written: bytes) -> tuple[bytes, object]:
    head, _, data = written.partition(b"data: ")
    assert data.endswith(b"\n\n") and b"\n" not in data[:-2]
    return head, json.loads(data)


def test_an_error_reply_has_the_look_of_its_dialect():
    assert OPENAI.error(ERROR) == OPENAI_RESPONSES.error(ERROR) == {"error": OURS}
    assert ANTHROPIC.error(ERROR) == THEIRS


def test_fields_of_a_vendor_go_beside_ours():
    error = GatewayError("invalid_request", "no")
    error.beside = {"inner": 1, "code": "their_own"}

    assert {"inner": 1, "code": "their_own", "message": "no"}.items() <= OPENAI.error(error)["error"].items()  # type: ignore[attr-defined]


def test_a_stream_breaks_with_an_event_that_its_sdk_raises_on():
    flat = {name: OURS[name] for name in ("code", "message", "param")}

    assert event(OPENAI.error_event(ERROR, b"")) == (b"", {"error": OURS})
    assert event(ANTHROPIC.error_event(ERROR, b"")) == (b"event: error\n", THEIRS)
    whole = {"type": "error", "sequence_number": 0, "error": OURS} | flat
    assert event(OPENAI_RESPONSES.error_event(ERROR, b"")) == (b"event: error\n", whole)


@pytest.mark.parametrize(("told", "number"), [
    (b'data: {"sequence_number":3,"delta":"x"}\n\ndata: {"sequence_number": 11}\n\n', 12),
    (json.dumps({"delta": '"sequence_number": 90', "sequence_number": 4}).encode(), 5),  # words of the model
    (json.dumps({"sequence_number": 4, "delta": '"sequence_number": 90'}).encode(), 5),
    (b'data: {"delta":"x"}\n\n', 0),
])  # fmt: skip
def test_the_error_that_ends_a_numbered_stream_follows_its_last_event(told, number):
    assert event(OPENAI_RESPONSES.error_event(ERROR, told))[1]["sequence_number"] == number  # type: ignore[index]


@pytest.mark.parametrize(("code", "kind"), [
    ("invalid_api_key", "authentication_error"), ("upstreams_exhausted", "api_error"), ("not_found", "not_found_error"),
])  # fmt: skip
def test_a_code_has_the_kind_that_the_vendor_gives_its_status(code, kind):
    assert ANTHROPIC.error(GatewayError(code, "no"))["error"] == {"type": kind, "message": f"no ({code})"}
