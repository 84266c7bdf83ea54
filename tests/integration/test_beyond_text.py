"""Claims about images, speech, transcriptions, rerank and moderations: bytes through, guarded, billed by the piece."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import wave
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest

from tests.integration.upstreams import ENDPOINT, KEY, SSE, Upstreams, decision, event, folder, saying, serving, whole
from tests.running import Running, starter

pytestmark = pytest.mark.services
HEADERS = {"authorization": f"Bearer {KEY}"}
ENDPOINTS = """
  - {id: KIND-model@NAME, hosting: hosted, storage: [], inference: [US], trains_on_data: false, retention_days: 0,
     api: openai, base_url: "URL", upstream_model: up-KIND, key_env: null, prices: [{since: 2026-01-01, PRICE}]}
"""
PRICES = {
    "image": "image: 0.04, images: [{size: 1024x1792, quality: hd, usd: 0.12}]",
    "speech": "characters: 15",
    "transcription": "audio_minute: 0.006",
    "rerank": "searches: 2",
    "moderation": "free: true",
}
MODEL = "  - {id: KIND-model, lab: l, base: [], open_weights: true, licence: MIT, kinds: [KIND], can: [vision]}\n"
NARROW = MODEL.replace("KIND-model", "narrow").replace("[KIND]", "[chat], context_tokens: 9000")
GUARDS = """guards:
  - {name: no-pii-at-a, why: a keeps all it hears, when: {pii: [email, phone]}, never: {operator: a}}
  - {name: no-moderation-at-b, why: b judges badly, when: {kind: moderation}, never: {operator: b}}"""
PARAMETERS = "parameters: {add: {hotwords: [sea, ship], vad: true, language: de}, drop: [temperature]}"
PIXEL = base64.b64encode(b"\x89PNG....").decode()
IMAGES = {"created": 1, "data": [{"b64_json": PIXEL}, {"b64_json": PIXEL}]}
SOUND = [bytes(range(256)) * 8, b"\xff\xf3" * 500, b"the end"]


@pytest.fixture(scope="module")
def vendors() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture
def upstreams(vendors: Upstreams) -> Upstreams:
    """As at their start."""
    vendors.acts.clear()
    vendors.asked.clear()
    return vendors


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vendors: Upstreams) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("beyond-text")
    started: list[Running] = []
    yield starter(root, started)(write(root / "policies", vendors))
    for each in started:
        each.stop()


def write(path: Path, vendors: Upstreams) -> Path:
    """Each kind at a and at b, a first; chat at c alone."""
    policies = folder(path, {name: vendors.url(name) for name in "abc"})
    catalog = policies / "catalog" / "all.yaml"
    rows = [
        ENDPOINTS.replace("key_env: null", "key_env: null, PARAMETERS" if kind == "transcription" else "key_env: null")
        .replace("PARAMETERS", PARAMETERS)
        .replace("KIND", kind)
        .replace("NAME", name)
        .replace("URL", vendors.url(name))
        .replace("PRICE", price)
        for kind, price in PRICES.items()
        for name in "ab"
    ]
    models = "".join(MODEL.replace("KIND", kind) for kind in PRICES)
    written = catalog.read_text().replace("models:\n", "models:\n" + models) + "".join(rows)
    narrow = ENDPOINT.replace("MODEL", "narrow").replace("NAME", "c").replace("URL", vendors.url("c"))
    narrow = narrow.replace("KEY_ENV", "null").replace("MORE", "ceilings: {tokens_per_minute: 100},")
    catalog.write_text(written.replace("models:\n", "models:\n" + NARROW) + narrow)
    hashed = hashlib.sha256(b"slow").hexdigest()
    callers = (policies / "callers.yaml").read_text()
    callers = callers.replace("teams: {", "teams: {slow: {data_class: public, rate: {tokens_per_minute: 100}}, ")
    (policies / "callers.yaml").write_text(
        callers.replace("keys: [", f'keys: [{{id: s, team: slow, sha256: "{hashed}"}}, ')
    )
    tries = ", ".join(f"{kind}-model@{name}" for name in "ab" for kind in PRICES)
    policy = (policies / "policy.yaml").read_text().replace("guards: []", GUARDS)
    (policies / "policy.yaml").write_text(policy.replace("[m@a, m@b, w@c]", f"[m@a, m@b, w@c, {tries}]"))
    return policies


@pytest.fixture
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=running.base_url, api_key=KEY, max_retries=0) as made:
        yield made


def wav(seconds: float = 2.0) -> bytes:
    """Silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(struct.pack("<h", 0) * int(8000 * seconds))
    return file.getvalue()


def last_attempt(running: Running, headers: Any) -> Any:
    return decision(running, {"x-request-id": headers["x-request-id"]})["attempts"][-1]


def test_images_pass_and_are_billed_by_size_and_quality(client, running, upstreams):
    upstreams.acts["a"] = saying(whole(200, IMAGES))
    made = client.images.with_raw_response.generate(
        model="image-model", prompt="A ship at sea", n=2, size="1024x1792", quality="hd"
    )
    name, head, body = upstreams.asked[0]
    attempt = last_attempt(running, made.headers)

    assert [image.b64_json for image in made.parse().data] == [PIXEL, PIXEL]
    assert (name, head.split(b" ")[1], json.loads(body)["model"]) == ("a", b"/a/images/generations", "up-image")
    assert made.headers["x-gateway-cost-usd"] == "0.24"
    assert attempt["usage"] | {"images": 2, "variant": "1024x1792/hd", "estimated": False} == attempt["usage"]


def test_a_stream_of_images_ends_with_each_of_them(client, upstreams):
    parts = [{"type": "image_generation.partial_image", "b64_json": PIXEL, "partial_image_index": 0}]
    done = {"type": "image_generation.completed", "b64_json": PIXEL,
            "usage": {"input_tokens": 7, "output_tokens": 100, "total_tokens": 107}}  # fmt: skip
    upstreams.acts["a"] = saying(SSE, *map(event, [*parts, done, done]))
    said = list(client.images.generate(model="image-model", prompt="A ship", n=2, stream=True))

    assert [each.type.partition(".")[2] for each in said] == ["partial_image", "completed", "completed"]


@pytest.mark.parametrize("code", ["content_policy_violation", "moderation_blocked"])
def test_a_blocked_prompt_is_a_refusal_of_the_vendor(client, running, upstreams, code):
    blocked = saying(whole(400, {"error": {"message": "no", "type": "user_error", "code": code}}))
    upstreams.acts |= {"a": blocked, "b": blocked}
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model="image-model", prompt="A ship at sea")

    assert refused.value.code == "content_filtered"
    assert refused.value.response.headers["x-gateway-outcome"] == "filtered"


def test_speech_is_handed_on_as_it_comes_with_its_own_type_and_billed_by_character(client, running, upstreams):
    head = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n"
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in SOUND]
    upstreams.acts["a"] = saying(head, *chunks, b"0\r\n\r\n", gap_s=0.01)
    with client.audio.speech.with_streaming_response.create(
        model="speech-model", voice="alloy", input="Hello from the sea"
    ) as spoken:
        sound = b"".join(spoken.iter_bytes())
        attempt = last_attempt(running, spoken.headers)

    assert sound == b"".join(SOUND)
    assert spoken.headers["content-type"] == "audio/mpeg"
    assert (attempt["outcome"], attempt["usage"]["characters"], attempt["usage"]["estimated"]) == ("answered", 18, True)
    assert Decimal(attempt["cost_usd"]) == Decimal("0.00027")


def test_speech_that_breaks_off_cuts_the_caller_off_and_counts_as_failed(running, upstreams):
    upstreams.acts["a"] = saying(
        b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 9999\r\n\r\n" + SOUND[0]
    )
    asked = {"model": "speech-model", "voice": "alloy", "input": "Hello"}
    with (
        httpx.Client() as http,
        http.stream("POST", f"{running.base_url}/audio/speech", json=asked, headers=HEADERS) as reply,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            list(reply.iter_raw())
        attempt = last_attempt(running, reply.headers)

    assert attempt["outcome"] == "failed"


def test_an_error_in_the_place_of_sound_goes_to_the_next_endpoint(client, upstreams):
    upstreams.acts["a"] = saying(whole(200, {"base_resp": {"status_code": 1000, "status_msg": "no"}}))
    upstreams.acts["b"] = saying(whole(200, b"RIFFsound", "content-type: audio/wav"))
    spoken = client.audio.speech.create(model="speech-model", voice="alloy", input="Hello")

    assert spoken.content == b"RIFFsound"
    assert [name for name, _, _ in upstreams.asked] == ["a", "b"]


def test_a_transcription_s_form_passes_as_bytes_but_for_the_model(client, running, upstreams):
    upstreams.acts["b"] = saying(whole(200, {"text": "Hello.", "usage": {"type": "duration", "seconds": 30}}))
    sound = wav()
    heard = client.audio.transcriptions.with_raw_response.create(
        model="transcription-model", file=("sea.wav", sound), language="en", timestamp_granularities=["word", "segment"]
    )
    _, head, body = upstreams.asked[0]
    attempt = last_attempt(running, heard.headers)

    assert heard.parse().text == "Hello."
    assert b"/b/audio/transcriptions" in head and b"content-type: multipart/form-data; boundary=" in head.lower()
    assert sound in body and b"up-transcription" in body and b"transcription-model" not in body
    assert b'filename="sea.wav"' in body and body.count(b'name="timestamp_granularities[]"') == 2
    assert (attempt["usage"]["audio_ms"], attempt["usage"]["estimated"]) == (30_000, False)
    assert Decimal(attempt["cost_usd"]) == Decimal("0.003")


def test_what_the_policy_adds_to_a_form_and_leaves_out_is_so_in_the_form_that_is_sent(client, running, upstreams):
    upstreams.acts["b"] = saying(whole(200, {"text": "Hello."}))
    asked: Any = {
        "model": "transcription-model",
        "file": ("sea.wav", wav()),
        "language": "en",
        "temperature": 0.123456,
    }
    heard = client.audio.transcriptions.with_raw_response.create(**asked)
    _, _, body = upstreams.asked[-1]

    assert heard.headers["x-gateway-adapted"] == "temperature(left out), hotwords(added), vad(added)"
    assert b"0.123456" not in body and body.count(b'name="hotwords[]"') == 2
    assert body.index(b"\r\n\r\nsea\r\n") < body.index(b"\r\n\r\nship\r\n") < body.index(b"\r\n\r\ntrue\r\n")
    assert body.count(b'name="language"') == 1 and wav() in body
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.audio.transcriptions.create(**asked, extra_headers={"x-gateway-strict": "true"})


def test_a_request_that_alone_is_above_a_rate_or_a_ceiling_is_told_so_and_not_to_come_back(running, upstreams):
    said: list[openai.APIStatusError] = []
    for key, model in (("slow", "m"), ("k", "narrow")):
        with openai.OpenAI(base_url=running.base_url, api_key=key if key != "k" else KEY, max_retries=2) as client:
            with pytest.raises(openai.APIStatusError) as caught:
                client.chat.completions.create(model=model, messages=[{"role": "user", "content": "word " * 300}])
            said.append(caught.value)
            short = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}])
            assert short.choices

    for told in said:
        assert (told.status_code, told.code) == (413, "request_too_large")
        assert "retry-after" not in told.response.headers
    assert "team `slow` may send 100 a minute" in said[0].message
    assert "(tokens_per_minute 100)" in said[1].message
    assert len(upstreams.asked) == 2


def test_a_transcription_as_text_is_billed_by_the_file_s_length(client, running, upstreams):
    upstreams.acts["b"] = saying(whole(200, b"Hello there.\n", "content-type: text/plain; charset=utf-8"))
    heard = client.audio.transcriptions.with_raw_response.create(
        model="transcription-model", file=("sea.wav", wav(seconds=20)), response_format="text"
    )
    attempt = last_attempt(running, heard.headers)

    assert (heard.text, heard.headers["content-type"]) == ("Hello there.\n", "text/plain; charset=utf-8")
    assert (attempt["outcome"], attempt["usage"]["audio_ms"], attempt["usage"]["estimated"]) == (
        "answered",
        20_000,
        True,
    )


def test_a_stream_of_a_transcription_ends_with_its_text(client, running, upstreams):
    said = [{"type": "transcript.text.delta", "delta": "Hello."},
            {"type": "transcript.text.done", "text": "Hello.",
             "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 3, "total_tokens": 17}}]  # fmt: skip
    upstreams.acts["b"] = saying(SSE, *map(event, said))
    heard = client.audio.transcriptions.create(model="transcription-model", file=("sea.wav", wav()), stream=True)

    assert [each.type for each in heard] == ["transcript.text.delta", "transcript.text.done"]


def test_a_translation_is_asked_at_its_own_path(running, upstreams):
    upstreams.acts["b"] = saying(whole(200, {"text": "Hello."}))
    data, files = {"model": "transcription-model"}, {"file": ("meri.wav", wav())}
    heard = httpx.post(f"{running.base_url}/audio/translations", headers=HEADERS, data=data, files=files)

    assert (heard.status_code, heard.json()) == (200, {"text": "Hello."})
    assert b"/b/audio/translations" in upstreams.asked[0][1]


def test_an_edit_of_an_image_passes_its_form(client, upstreams):
    upstreams.acts["b"] = saying(whole(200, IMAGES))
    made = client.images.edit(model="image-model", prompt="Add a ship", image=[("a.png", b"\x89PNG1"), ("b.png", b"2")])

    assert len(made.data) == 2
    assert upstreams.asked[0][2].count(b'name="image[]"') == 2


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank", "/rerank", "/v1/v1/rerank"])
def test_rerank_answers_where_its_clients_ask_and_is_billed_by_search(running, upstreams, path):
    scores = {
        "id": "r",
        "results": [{"index": 1, "relevance_score": 0.9}],
        "meta": {"billed_units": {"search_units": 3}},
    }
    upstreams.acts["a"] = saying(whole(200, scores))
    asked = {"model": "rerank-model", "query": "ships", "documents": ["sea", {"text": "land"}], "top_n": 1}
    reply = httpx.post(running.url + path, json=asked, headers=HEADERS)

    assert (reply.status_code, reply.json()) == (200, scores)
    assert reply.headers["x-gateway-cost-usd"] == "0.006"
    assert b"POST /a/rerank " in upstreams.asked[0][1]


def test_a_flagged_moderation_is_an_answer_and_costs_nothing(client, running, upstreams):
    flagged = {"id": "m", "model": "x", "results": [{"flagged": True, "categories": {}, "category_scores": {}}]}
    upstreams.acts["a"] = saying(whole(200, flagged))
    found = client.moderations.with_raw_response.create(model="moderation-model", input="I will sink your ship")

    assert found.parse().results[0].flagged
    assert (found.headers["x-gateway-outcome"], found.headers["x-gateway-cost-usd"]) == ("answered", "0")


TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("/v1/images/generations", {"prompt": "TEXT"}),
    "speech": ("/v1/audio/speech", {"voice": "alloy", "input": "TEXT"}),
    "speech instructions": ("/v1/audio/speech", {"voice": "alloy", "input": "hi", "instructions": "TEXT"}),
    "rerank": ("/v1/rerank", {"query": "TEXT", "documents": ["a"]}),
    "rerank document": ("/v1/rerank", {"query": "q", "documents": ["a", {"title": "b", "text": "TEXT"}]}),
    "moderation": ("/v1/moderations", {"input": ["a", "TEXT"]}),
    "moderation part": ("/v1/moderations", {"input": [{"type": "text", "text": "TEXT"}]}),
    "image option": ("/v1/images/generations", {"prompt": "a", "negative_prompt": "TEXT"}),
}


@pytest.mark.parametrize("place", TEXTS)
def test_what_a_guard_removes_is_sent_nothing_wherever_the_text_stands(running, upstreams, place):
    path, body = TEXTS[place]
    asked = json.dumps(body | {"model": f"{place.split()[0]}-model"}).replace("TEXT", "anna.larsson@posten.se")
    reply = httpx.post(running.url + path, content=asked, headers=HEADERS)

    assert {name for name, _, _ in upstreams.asked} <= {"b"}
    assert place.startswith("moderation") == (reply.status_code == 403)


UNREADABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "a picture": ("/v1/moderations", {"input": [{"type": "image_url", "image_url": {"url": "https://x.test/a"}}]}),
    "an image to draw from": ("/v1/images/generations", {"prompt": "a", "image": "https://x.test/a"}),
    "a document that is a picture": ("/v1/rerank", {"query": "a", "documents": [{"image": "https://x.test/a"}]}),
    "tokens": ("/v1/moderations", {"input": [1, 2, 3]}),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_may_hold_anything(running, upstreams, what):
    path, body = UNREADABLE[what]
    kind = {"/v1/moderations": "moderation", "/v1/rerank": "rerank"}.get(path, "image")
    httpx.post(running.url + path, json=body | {"model": f"{kind}-model"}, headers=HEADERS)

    assert {name for name, _, _ in upstreams.asked} <= {"b"}


def test_sound_is_never_read_so_its_guards_hold(client, upstreams):
    upstreams.acts["b"] = saying(whole(200, {"text": "Hello."}))
    client.audio.transcriptions.create(model="auto", file=("sea.wav", wav()))

    assert [name for name, _, _ in upstreams.asked] == ["b"]


def test_who_does_not_serve_an_interface_is_named_as_unable(running):
    reply = httpx.post(
        f"{running.base_url}/images/generations", json={"model": "w", "prompt": "a ship"}, headers=HEADERS
    )

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "unsupported_request")
    assert "w@c does not serve image" in reply.json()["error"]["message"]


BOUNDARY = "b0undary"
PART = '--b0undary\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
GOOD = PART.format("model", "", "transcription-model") + PART.format("file", '; filename="a.wav"', "RIFF")
TYPED = f"multipart/form-data; boundary={BOUNDARY}"
FORMS = {
    "no boundary": ("multipart/form-data", GOOD + "--b0undary--\r\n"),
    "json": ("application/json", '{"model": "transcription-model"}'),
    "cut": (TYPED, GOOD),
    "model twice": (TYPED, GOOD + PART.format("model", "", "x") + "--b0undary--"),
    "no file": (TYPED, PART.format("model", "", "m") + "--b0undary--"),
    "no model": (TYPED, PART.format("file", '; filename="a"', "m") + "--b0undary--"),
    "another file": (
        TYPED,
        GOOD + PART.format("other", '; filename="a"', "x") + "--b0undary--",
    ),
    "a boundary in a part": (
        TYPED,
        GOOD + PART.format("prompt", "", "a\n--b0undary\nb") + "--b0undary--",
    ),
    "text before": (TYPED, "hello\r\n" + GOOD + "--b0undary--"),
    "empty": (TYPED, ""),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_could_be_read_in_two_ways_is_refused(running, upstreams, form):
    kind, body = FORMS[form]
    reply = httpx.post(
        f"{running.base_url}/audio/transcriptions", content=body.encode(), headers=HEADERS | {"content-type": kind}
    )

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
    assert upstreams.asked == []


def test_what_was_used_is_counted_by_kind(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, IMAGES))
    before = running.metric("gateway_pieces_total", piece="images")
    httpx.post(
        f"{running.base_url}/images/generations", json={"model": "image-model", "prompt": "a ship"}, headers=HEADERS
    )

    assert running.counts("gateway_pieces_total", before + 2, piece="images")
    assert running.metric("gateway_requests_total", kind="image") >= 1
