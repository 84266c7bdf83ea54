"""A reply's bytes on their way back through a translator: events are put together, translated, and written anew."""

from __future__ import annotations

import msgspec

from gateway.errors import GatewayError
from gateway.outcome.wire import document_of
from gateway.upstreams.translate import Translator
from gateway.upstreams.translate.spec import Memory, TellsFailure

_DONE = b"[DONE]"
_FAILURES = {  # our codes in the closed list of Responses; a `server_error` is worth another try
    "rate_limit_exceeded": "rate_limit_exceeded",
    "budget_exceeded": "rate_limit_exceeded",
    "content_filtered": "invalid_prompt",
    "context_length_exceeded": "invalid_prompt",
    "invalid_request": "invalid_prompt",
    "unsupported_request": "invalid_prompt",
}
encode = msgspec.json.Encoder().encode


class WayBack:
    """Of one attempt. What it is given are whole events, or a whole reply, as the meter passes them on."""

    __slots__ = ("_ended", "_memory", "_stream", "_translator")

    def __init__(self, translator: Translator, memory: Memory, *, stream: bool):
        self._translator = translator
        self._memory = memory
        self._stream = translator.stream(memory) if stream else None
        self._ended = False

    def feed(self, out: bytes) -> bytes:
        """A whole reply, or whole events of a stream. Raises ValueError for what is neither."""
        if self._stream is None:
            return self._whole(out) if out else b""
        made = []
        for event in out.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
            lines = event.split(b"\n")
            name = next((line[6:].strip() for line in lines if line.startswith(b"event:")), b"")
            data = b"\n".join([line[5:].strip() for line in lines if line.startswith(b"data:")])
            if data == _DONE:
                made.append(self.end())
            elif data and not self._ended and isinstance(read := document_of(data), dict):
                made.append(self._stream.feed(name.decode("utf-8", "replace"), read))
        return b"".join(made)

    def end(self) -> bytes:
        """After a stream that is complete; once."""
        if self._stream is None or self._ended:
            return b""
        self._ended = True
        return self._stream.end()

    def fail(self, error: GatewayError) -> bytes | None:
        """The end of a stream that breaks; b"" if it has an end. None: its dialect's `error_event` says it."""
        if not isinstance(self._stream, TellsFailure):
            return None
        self._ended = True
        return self._stream.fail(_FAILURES.get(error.code, "server_error"), error.message)

    def _whole(self, body: bytes) -> bytes:
        reply = document_of(body)
        if not isinstance(reply, dict):
            raise ValueError("the reply is no JSON object")
        return encode(self._translator.whole(reply, self._memory))
