"""Images, speech, transcriptions, scores and moderations of a simulated vendor, each made of what was asked; pure."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import struct
import wave
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.demo.vendors import embeddings, prose
from gateway.errors import GatewayError
from gateway.form import fields_of, parse_form

SIDE = 32  # pixels
RATE, MS_A_CHARACTER = 8_000, 60
FLAGGED = {
    "violence": ("kill", "bomb", "attack", "杀"),
    "hate": ("vermin", "subhuman"),
    "self-harm": ("suicide", "hurt myself"),
    "harassment": ("idiot", "shut up"),
}
_CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm"),
    *("self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic"),
)
_BLOCKED = ("gore", "naked")  # of prompts for images


@dataclass(frozen=True, slots=True)
class Made:
    """A reply. `parts`: what is sent one after the other."""

    parts: tuple[bytes, ...]
    content_type: str = "application/json"
    status: int = 200


def reply(path: str, content_type: str, body: bytes) -> Made | None:
    """None if the path is no such, or the request cannot be read."""
    make = _MAKERS.get(path.removeprefix("/v1"))
    try:
        return None if make is None else make(_fields(content_type, body))
    except (ValueError, KeyError, TypeError, AttributeError, GatewayError):
        return None


def _fields(content_type: str, body: bytes) -> Mapping[str, Any]:
    if content_type.startswith("multipart/"):
        form = parse_form(body, content_type)
        found = fields_of(form, frozenset({"file", "image", "image[]", "mask"}))
        return {name: json.loads(bytes(value)) for name, value in found.items()}
    read: Mapping[str, Any] = json.loads(body)
    return read


def _image(asked: Mapping[str, Any]) -> Made:
    prompt = str(asked["prompt"])
    if any(word in prompt.lower() for word in _BLOCKED):
        error = {"message": "Your request was rejected by the simulated safety system.", "type": "user_error",
                 "param": None, "code": "moderation_blocked"}  # fmt: skip
        return Made((json.dumps({"error": error}).encode(),), status=400)
    images = [_picture(f"{number} {prompt}") for number in range(int(asked.get("n") or 1))]
    data = [
        {"b64_json": base64.b64encode(image).decode(), "revised_prompt": f"simulated: {prompt}"} for image in images
    ]
    return _document({"created": 0, "data": data})


def _speech(asked: Mapping[str, Any]) -> Made:
    """A tone as long as the words would take, in a WAV file whatever format is asked for."""
    file, frames = io.BytesIO(), len(asked["input"]) * MS_A_CHARACTER * RATE // 1000
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        tone = (int(8_000 * math.sin(place * 440 * 2 * math.pi / RATE)) for place in range(frames))
        written.writeframes(b"".join(struct.pack("<h", value) for value in tone))
    sound = file.getvalue()
    return Made(tuple(sound[at : at + 4096] for at in range(0, len(sound), 4096)), "audio/wav")


def _transcription(asked: Mapping[str, Any]) -> Made:
    seconds = math.ceil(asked["file"]["file"].get("audio_ms", 1000) / 1000)
    text = f"This is a simulated transcript of {seconds} s of sound."
    usage = {"type": "duration", "seconds": seconds}
    form = asked.get("response_format", "json")
    if asked.get("stream") is True:
        words = [{"type": "transcript.text.delta", "delta": word} for word in prose.tokens(text)]
        events = [*words, {"type": "transcript.text.done", "text": text}]
        return Made(tuple(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events), "text/event-stream")
    if form in ("text", "srt", "vtt"):
        return Made((text.encode() + b"\n",), "text/plain; charset=utf-8")
    beside = {"language": "english", "duration": float(seconds), "segments": []} if form == "verbose_json" else {}
    return _document({"text": text, "usage": usage, **beside})


def _rerank(asked: Mapping[str, Any]) -> Made:
    documents = [_words(document) for document in asked["documents"]]
    query = embeddings.vector(_words(asked["query"]))
    scores = [sum(map(float.__mul__, query, embeddings.vector(words))) for words in documents]
    places = sorted(range(len(documents)), key=lambda place: -scores[place])[: asked.get("top_n") or None]
    told = bool(asked.get("return_documents"))
    results = [
        {"index": place, "relevance_score": round(max(0.0, scores[place]), 6)}
        | ({"document": {"text": documents[place]}} if told else {})
        for place in places
    ]
    units = -(-len(documents) // 100) or 1
    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": units}}
    return _document({"id": "simulated-rerank", "results": results, "meta": meta})


def _moderation(asked: Mapping[str, Any]) -> Made:
    given = asked["input"]
    results = [_flags(_words(text)) for text in (given if isinstance(given, list) else [given])]
    return _document({"id": "simulated-moderation", "model": "simulated-moderation", "results": results})


def _flags(text: str) -> dict[str, Any]:
    hit = {name for name, words in FLAGGED.items() if any(word in text.lower() for word in words)}
    return {
        "flagged": bool(hit),
        "categories": {name: name in hit for name in _CATEGORIES},
        "category_scores": {name: 0.97 if name in hit else 0.001 for name in _CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("text") or json.dumps(value, ensure_ascii=False))
    return str(value)


def _document(answer: dict[str, Any]) -> Made:
    return Made((json.dumps({**answer, "simulated": True}, ensure_ascii=False).encode(),))


def _picture(seed: str) -> bytes:
    """A small PNG of one colour, drawn from the words."""
    colour = hashlib.sha256(seed.encode()).digest()[:3]
    rows = b"".join(b"\0" + colour * SIDE for _ in range(SIDE))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


_MAKERS = {
    "/images/generations": _image,
    "/images/edits": _image,
    "/audio/speech": _speech,
    "/audio/transcriptions": _transcription,
    "/audio/translations": _transcription,
    "/rerank": _rerank,
    "/moderations": _moderation,
}
