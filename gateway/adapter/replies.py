"""What the gateway is told: Chat's own replies, and errors as the vendor wrote them. Pure but for litellm's values."""

from __future__ import annotations

import json
import re
from array import array
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.adapter.transport import Call

_TOP: Final = ("id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier")
_CHOICE: Final = ("index", "finish_reason", "message", "delta", "logprobs")
_NOT_OURS: Final = ("provider_specific_fields",)
_BROKEN: Final = frozenset(  # Google's words for replies that failed, which litellm takes for an end like any other
    {"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"}
)
_NAMES = re.compile(r"\[([^\]]*)\]")
MOST_CHARS = 500


def calls_tools(value: Any) -> bool:
    """Of a whole reply or a chunk."""
    said = [getattr(choice, "message", None) or getattr(choice, "delta", None) for choice in value.choices]
    return any(getattr(each, "tool_calls", None) for each in said)


def body(value: Any, *, called: bool) -> bytes:
    """A whole reply or a chunk, as JSON. `called`: it, or a chunk before it, calls a tool."""
    document = value.model_dump(exclude_none=True)
    kept = {name: document[name] for name in _TOP if name in document}
    kept["choices"] = [_choice(choice, called) for choice in document.get("choices") or ()]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def vectors(value: Any, encoding: str | None, *, counted: bool) -> bytes:
    """Embeddings as JSON, each a list of numbers or, as `base64`, their 32 bits each.

    `counted`: by the vendor; else litellm made the count up, and the gateway estimates its own.
    """
    document = value.model_dump(exclude_none=True)
    rows = [
        {"object": "embedding", "index": place, "embedding": _written(row["embedding"], encoding)}
        for place, row in enumerate(document["data"])
    ]
    used = {name: document["usage"][name] for name in ("prompt_tokens", "total_tokens") if name in document["usage"]}
    kept = {"object": "list", "data": rows, "model": document.get("model"), **({"usage": used} if counted else {})}
    return json.dumps(kept, separators=(",", ":")).encode()


def _written(vector: list[float], encoding: str | None) -> list[float] | str:
    return b64encode(array("f", vector).tobytes()).decode() if encoding == "base64" else vector


def _choice(choice: dict[str, Any], called: bool) -> dict[str, Any]:
    native = (choice.get("provider_specific_fields") or {}).get("native_finish_reason")
    kept: dict[str, Any] = {name: choice[name] for name in _CHOICE if name in choice}
    if native in _BROKEN and kept.get("finish_reason"):
        kept["finish_reason"] = str(native).lower()
    if called and kept.get("finish_reason") == "stop":
        kept["finish_reason"] = "tool_calls"  # Cohere's TOOL_CALL, which litellm 1.109 takes for an end like any other
    for name in ("message", "delta"):
        if name in kept:
            kept[name] = {key: inner for key, inner in kept[name].items() if key not in _NOT_OURS and inner != []}
    if "message" in kept:
        kept["message"].setdefault("content", None)
    return kept


def event(data: bytes) -> bytes:
    """One event of a stream."""
    return b"data: " + data + b"\n\n"


def error(message: str, *, code: str, param: str | None = None) -> bytes:
    """In OpenAI's shape."""
    said = {"message": message, "type": "error", "param": param, "code": code}
    return json.dumps({"error": said}).encode()


def vendor_error(api: str, call: Call) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of the vendor's own error."""
    status, text = call.status or 502, (call.error or b"")
    kept = {
        name: value for name, value in call.headers.items() if name == "retry-after" or name.startswith("x-ratelimit")
    }
    if status < 400:
        return 502, error("the endpoint leads elsewhere, and is not followed", code="redirect"), {}
    kind = call.headers.get("x-amzn-errortype", "")
    if api == "bedrock":
        return status, error(_message(text), code=kind.partition(":")[0] or "error"), kept
    return status, text, kept


def _message(text: bytes) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return text.decode(errors="replace")
    said = (document.get("message") or document.get("Message")) if isinstance(document, dict) else None
    return said if isinstance(said, str) else text.decode(errors="replace")


def unsupported_field(words: str) -> tuple[str, str]:
    """Of litellm's words for fields that a wire has no place for: the first, and words of ours."""
    named = _NAMES.search(words)
    names = re.findall(r"'([\w.]+)'", named[1]) if named else []
    shown = ", ".join(f"`{name}`" for name in names) or "a field of the request"
    return (names[0] if names else ""), f"{shown} has no place in this endpoint's wire"


def without(text: str, login: Mapping[str, str]) -> str:
    """Words of litellm's for the caller, without anything of a login."""
    for secret in sorted((value for value in _secrets(login) if len(value) > 3), key=len, reverse=True):
        text = text.replace(secret, "…")
    return re.sub(r"^(litellm\.\w+: )+", "", text)[:MOST_CHARS]


def _secrets(login: Mapping[str, str]) -> Iterator[str]:
    for value in login.values():
        yield value
        yield from (word for word in re.split(r"[\s\"']+", value) if len(word) > 15)
