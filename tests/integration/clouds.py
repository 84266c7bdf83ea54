"""Replies as clouds write them: Bedrock's Converse, Google's generateContent, Cohere's v2. Whole and streamed."""

from __future__ import annotations

import json
import re
import struct
import zlib
from typing import Any

from tests.integration.upstreams import SSE, Act, Line, whole

TEXT = "Canals joined the rivers."
VECTOR = [0.5, -0.25]
_EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\nconnection: close\r\n\r\n"


ASSUMED = b"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA-OF-THE-ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>session-token-of-the-role</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""  # what STS answers


def _frame(kind: str, document: Any) -> bytes:
    """One message of AWS's event stream: lengths, headers, payload and their checksums."""
    names = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in names.items()
    )
    payload = json.dumps(document).encode()
    head = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    head += struct.pack(">I", zlib.crc32(head))
    body = head + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def vectors(line: Line) -> bytes:
    """Of Titan's at Bedrock, Google's and Cohere's; one for each text."""
    texts = line.document.get("texts") or line.document.get("requests") or [""]
    if b"/invoke " in line.head:
        return whole(200, {"embedding": VECTOR, "inputTextTokenCount": 5})
    if b"embed" in line.head.split(b"\r\n")[0] and "texts" in line.document:
        billed = {"billed_units": {"input_tokens": 5}}
        return whole(200, {"id": "e", "embeddings": {"float": [VECTOR for _ in texts]}, "texts": texts, "meta": billed})
    return whole(200, {"embeddings": [{"values": VECTOR} for _ in texts]})


def bedrock(stop: str | None = "end_turn", text: str = TEXT, gap_s: float = 0.0, usage: bool = True) -> Act:
    """`stop` None: the stream ends without a word of it."""
    used = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}

    async def act(line: Line) -> None:
        if b"converse-stream" not in line.head:
            message = {"role": "assistant", "content": [{"text": text}]}
            await line.say(whole(200, {"output": {"message": message}, "stopReason": stop, "usage": used}))
            return
        words = [{"delta": {"text": word}, "contentBlockIndex": 0} for word in re.findall(r"\S+\s*", text)]
        parts = [_frame("messageStart", {"role": "assistant"}), *(_frame("contentBlockDelta", word) for word in words)]
        if stop is not None:
            parts += [_frame("contentBlockStop", {"contentBlockIndex": 0}), _frame("messageStop", {"stopReason": stop})]
        if usage and stop is not None:
            parts.append(_frame("metadata", {"usage": used, "metrics": {"latencyMs": 1}}))
        await line.say(_EVENTS, *parts, gap_s=gap_s)

    return act


def google(finish: str | None = "STOP", text: str = TEXT, blocked: str | None = None) -> Act:
    """`blocked`: the prompt's reason, of which nothing is written."""
    used = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}

    def said(part: str | None, end: str | None) -> dict[str, Any]:
        if blocked is not None:
            return {"promptFeedback": {"blockReason": blocked}, "usageMetadata": {**used, "candidatesTokenCount": 0}}
        content = {"content": {"role": "model", "parts": [{"text": part}]}} if part else {}
        return {
            "candidates": [{**content, "index": 0, **({"finishReason": end} if end else {})}], "usageMetadata": used
        }  # fmt: skip

    async def act(line: Line) -> None:
        if b"streamGenerateContent" not in line.head:
            await line.say(whole(200, said(text, finish)))
            return
        first, _, rest = text.partition(" ")
        events = [said(f"{first} ", None), said(rest, finish)] if blocked is None else [said(None, None)]
        await line.say(SSE, *(b"data: " + json.dumps(each).encode() + b"\r\n\r\n" for each in events))

    return act


def cohere(finish: str = "COMPLETE", text: str = TEXT) -> Act:
    usage = {
        "billed_units": {"input_tokens": 5, "output_tokens": 7},
        "tokens": {"input_tokens": 11, "output_tokens": 7},
    }

    async def act(line: Line) -> None:
        if not line.document.get("stream"):
            message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
            await line.say(whole(200, {"id": "c", "finish_reason": finish, "message": message, "usage": usage}))
            return
        events: list[dict[str, Any]] = [
            {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant", "content": []}}},
            {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}},
            {"type": "content-end", "index": 0},
            {"type": "message-end", "delta": {"finish_reason": finish, "usage": usage}},
        ]
        told = [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events]
        await line.say(SSE, *told, b"data: [DONE]\n\n")

    return act


def watsonx(finish: str = "stop", text: str = TEXT) -> Act:
    head = {"id": "chat-1", "model_id": "ibm/granite-4", "model": "ibm/granite-4", "created": 1, "model_version": "1"}
    used = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

    async def act(line: Line) -> None:
        if b"chat_stream" not in line.head:
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
            await line.say(whole(200, {**head, "choices": [choice], "usage": used}))
            return
        deltas = [({"role": "assistant", "content": text}, None), ({"content": ""}, finish)]
        told = [{**head, "choices": [{"index": 0, "delta": d, "finish_reason": end}]} for d, end in deltas]
        events = [*told, {**head, "choices": [], "usage": used}]
        await line.say(SSE, *(b"id: 1\nevent: message\ndata: " + json.dumps(e).encode() + b"\n\n" for e in events))

    return act


CALL = {"port": "Whitby"}
_CALLED = [{"id": "t1", "type": "function", "function": {"name": "tide", "arguments": json.dumps(CALL)}}]
CALLS: dict[str, Any] = {  # of the tool `tide`, as each cloud writes it
    "bedrock": {
        "output": {
            "message": {
                "role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "tide", "input": CALL}}],
            },
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18, "cacheReadInputTokens": 4},
    },
    "gemini": {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"functionCall": {"name": "tide", "args": CALL}}]},
                "index": 0, "finishReason": "STOP",
            },
        ],
        "usageMetadata": {
            "promptTokenCount": 15, "candidatesTokenCount": 7, "totalTokenCount": 22, "cachedContentTokenCount": 4,
        },
    },
    "cohere": {
        "id": "c", "finish_reason": "TOOL_CALL",
        "message": {"role": "assistant", "tool_plan": "I ask.", "tool_calls": _CALLED},
        "usage": {"tokens": {"input_tokens": 15, "output_tokens": 7}},
    },
    "watsonx": {
        "id": "chat-1", "model_id": "ibm/granite-4", "created": 1,
        "choices": [{
            "index": 0, "message": {"role": "assistant", "tool_calls": _CALLED}, "finish_reason": "tool_calls",
        }],
        "usage": {"prompt_tokens": 15, "completion_tokens": 7, "total_tokens": 22},
    },
}  # fmt: skip


def ibm_token(line: Line) -> bytes:
    """What IBM's login answers to an API key."""
    return whole(200, {"access_token": "ibm-token-of-this-test", "expires_in": 3600, "token_type": "Bearer"})


def token(line: Line) -> bytes:
    """What Google's login answers to a service account."""
    return whole(200, {"access_token": "ya29.a-token-of-google", "expires_in": 3600, "token_type": "Bearer"})
