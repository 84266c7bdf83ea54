"""Claims about a simulated vendor's images, sound, transcripts, scores and moderations."""

from __future__ import annotations

import base64
import io
import json
import wave

import pytest

from gateway.demo.vendors.beyond_text import reply

JSON = "application/json"


def made(path, **asked):
    found = reply(path, JSON, json.dumps(asked).encode())
    assert found is not None
    return found


def document(path, **asked):
    return json.loads(made(path, **asked).parts[0])


def transcribed(**fields):
    parts = "".join(
        f'--b\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    ).encode()
    sound = b"".join(made("/v1/audio/speech", input="." * 100).parts)
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    return reply("/v1/audio/transcriptions", "multipart/form-data; boundary=b", parts + head + sound + b"\r\n--b--")


def test_as_many_pictures_are_made_as_are_asked_for():
    first, second = document("/v1/images/generations", prompt="a ship", n=2)["data"]

    assert base64.b64decode(first["b64_json"]).startswith(b"\x89PNG") and first != second


def test_a_blocked_prompt_is_told_as_openai_does():
    blocked = made("/v1/images/generations", prompt="gore")

    assert (blocked.status, json.loads(blocked.parts[0])["error"]["code"]) == (400, "moderation_blocked")


def test_speech_is_as_long_as_its_words_and_comes_in_parts():
    spoken = made("/v1/audio/speech", input="." * 100)
    with wave.open(io.BytesIO(b"".join(spoken.parts))) as sound:
        seconds = sound.getnframes() / sound.getframerate()

    assert (spoken.content_type, seconds, len(spoken.parts) > 1) == ("audio/wav", 6.0, True)


@pytest.mark.parametrize("form", ["json", "verbose_json", "text"])
def test_a_transcript_says_how_long_the_sound_was(form):
    heard = transcribed(response_format=form, model="x")

    assert b"6 s of sound" in heard.parts[0]
    assert form == "text" or json.loads(heard.parts[0])["usage"]["seconds"] == 6


def test_a_streamed_transcript_ends_with_the_whole_text():
    heard = transcribed(stream="true", model="x")

    assert json.loads(heard.parts[-1][5:])["type"] == "transcript.text.done"


def test_the_document_with_the_words_of_the_query_comes_first():
    ranked = document(
        "/v1/rerank", query="red ship", documents=["a cat", {"text": "the red ship"}], return_documents=True
    )

    assert [row["index"] for row in ranked["results"]] == [1, 0]
    assert ranked["results"][0]["document"] == {"text": "the red ship"}


def test_what_is_flagged_names_its_category():
    calm, angry = document("/v1/moderations", input=["hello", {"type": "text", "text": "I will kill it"}])["results"]

    assert (calm["flagged"], angry["flagged"], angry["categories"]["violence"]) == (False, True, True)


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/rerank", "/v1/chat/completions"])
def test_what_is_no_such_request_gets_none(path):
    assert reply(path, JSON, b"{}") is None
    assert reply(path, JSON, b"[") is None
