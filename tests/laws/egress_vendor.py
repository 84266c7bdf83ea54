"""What the law's vendors say: answers in each wire, and every way of not answering."""

from __future__ import annotations

import json
from typing import Any

FAULTS = (
    *("answer",) * 7,
    *("refusal", "blank", "filter", "filtered finish", "garbled", "cut", "no finish"),
    *("closed", "garbage", "refused", "error inside", "redirect", "400", "401", "404", "429", "500", "503"),
)
NO = "I'm sorry, but I can't help with that request. It goes against my guidelines."


def reply(fault: str, host: str, path: bytes, body: bytes, redirects: tuple[str, ...]) -> tuple[bytes, bool]:
    """Head and body. `host`: who says it, which the ids that it hands out tell."""
    stream = b'"stream":true' in body
    if fault == "closed":
        return b"", True
    if fault == "garbage":
        return b"SSH-2.0-nonsense\r\n\r\n", True
    if fault.isdigit():
        return _framed(int(fault), b'{"error": {"message": "no"}}'), False
    if fault == "redirect":
        location = f"location: https://{redirects[len(body) % len(redirects)]}/chat/completions\r\n".encode()
        return _framed(307, b"", location), False
    if fault == "filter":
        return _framed(400, b'{"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}'), False
    said = b"".join(_stream(fault, path)) if stream else json.dumps(_whole(fault, path, kept_by(host))).encode()
    if fault == "cut":
        return _framed(200, said + b" " * 50)[: -60 - len(said) // 2], True
    return _framed(200, said), False


def kept_by(host: str) -> str:
    """The id of a response that the vendor at this address keeps: alike at all of its doors."""
    return f"resp_{host.partition(':')[0].rpartition('.')[2]}"


def _framed(status: int, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, more, len(body), body)


def _text(fault: str) -> str:
    return {"refusal": NO, "blank": "", "filtered finish": ""}.get(fault, "Ships float: ANSWERED. " * 10)


def _whole(fault: str, path: bytes, id: str = "r") -> Any:
    text, finish = _text(fault), "content_filter" if fault == "filtered finish" else "stop"
    if fault in ("error inside", "garbled"):
        return {"error": {"message": "no"}} if fault == "error inside" else ["no"]
    if path.endswith(b"/messages"):
        content = [{"type": "text", "text": text}] if text else []
        return {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn"}
    if path.endswith(b"/responses"):
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
        return {"object": "response", "id": id, "status": "completed", "output": [item]}
    if path.endswith(b"/chat/completions"):
        return {"choices": [{"index": 0, "message": {"content": text}, "finish_reason": finish}]}
    return {"data": [{"embedding": [0.5], "index": 0, "url": "x"}], "results": [{"index": 0, "relevance_score": 0.5}],
            "text": text, "choices": [{"text": text, "finish_reason": finish}]}  # fmt: skip


def _stream(fault: str, path: bytes) -> list[bytes]:
    text = _text(fault)
    if fault == "error inside":
        return [b'data: {"error": {"message": "no"}}\n\n']
    if path.endswith(b"/chat/completions"):
        events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}]
        if fault != "no finish":
            finish = "content_filter" if fault == "filtered finish" else "stop"
            events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        lines = [b"data: %b\n\n" % json.dumps(event).encode() for event in events]
        return [*lines[:1], *([b'data: {"cho\n\n'] if fault == "garbled" else []), *lines[1:], b"data: [DONE]\n\n"]
    if path.endswith(b"/messages"):
        events = [{"type": "message_start", "message": {}},
                  {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                  {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
                  {"type": "content_block_stop", "index": 0},
                  {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
                  {"type": "message_stop"}]  # fmt: skip
    else:
        place = {"item_id": "m", "output_index": 0, "content_index": 0}
        whole = _whole(fault, b"/responses")
        events = [
            {"type": "response.output_text.delta", "delta": text, **place},
            {"type": "response.completed", "response": whole},
        ]
    cut = events[: 3 if fault == "no finish" else None]
    return [b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in cut]
