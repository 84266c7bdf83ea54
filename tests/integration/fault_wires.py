"""What a vendor can do wrong whose wire is Messages or Responses, by the names that faults.yaml has."""

from __future__ import annotations

import json

from tests.integration.fault_acts import Acts, either, stream_of
from tests.integration.rerouted import YES
from tests.integration.upstreams import SSE, Act, saying, whole
from tests.native_replies import MESSAGE, RESPONSE, event, messages, responses, text

WIRES = {"on-messages": "anthropic", "on-responses": "openai_responses"}  # of the first endpoint of these models
OVERLOADED = {"type": "overloaded_error", "message": "Overloaded"}
FILTER = {"incomplete_details": {"reason": "content_filter"}, "output": []}
FAILED = {**RESPONSE, "status": "failed", "error": {"code": "server_error", "message": "It broke."}, "output": []}

_message = {**MESSAGE, "content": [{"type": "text", "text": YES * 4}]}
_parts = messages(text(YES * 4))
_response = {**RESPONSE, "output": [{**RESPONSE["output"][0], "content": [
    {"type": "output_text", "text": YES * 4, "annotations": [], "logprobs": []},
]}]}  # fmt: skip
_done = event("response.completed", response=_response, sequence_number=7)
_begun = responses(words=YES)
_error = event("error", error=OVERLOADED)
_bad = b"event: content_block_delta\ndata: {\n\n"


def _said(document: object, *headers: str, status: int = 200) -> Act:
    return saying(whole(status, document, *headers))


def _half(document: object) -> Act:
    return saying(whole(200, json.dumps(document).encode()[:150]))


def _failed(number: int) -> bytes:
    return event("response.failed", response=FAILED, sequence_number=number)


GOOD: Acts = {
    "on-messages": either(_said(_message), saying(SSE, *_parts)),
    "on-responses": either(_said(_response), saying(SSE, *responses(_done, words=YES * 4))),
}
MESSAGES: Acts = {
    "Messages: an error event": stream_of(*_parts[:5], _error),
    "Messages: a late error event": stream_of(*_parts[:60], _error),
    "Messages: an error event at once": stream_of(_error),
    "Messages: an event that is not JSON": stream_of(*_parts[:5], _bad, *_parts[5:]),
    "Messages: no message_stop": stream_of(*_parts[:-2]),
    "Messages: overloaded": _said({"type": "error", "error": OVERLOADED}, status=529),
    "Messages: an error inside 200": _said({"type": "error", "error": OVERLOADED}),
    "Messages: half a message": either(_half(_message), stream_of(*_parts[:3], _parts[3][:-20])),
    "Messages: 400": _said({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, status=400),
}
RESPONSES: Acts = {
    "Responses: an error event": stream_of(
        *_begun[:4], event("error", code="server_error", message="It broke.", param=None, sequence_number=4)
    ),
    "Responses: response.failed": stream_of(*_begun[:4], _failed(4)),
    "Responses: a late response.failed": stream_of(*responses(_failed(7), words=YES * 8)),
    "Responses: response.failed at once": either(_said(FAILED), stream_of(_begun[0], _failed(1))),
    "Responses: a filter": either(
        _said({**RESPONSE, "status": "incomplete", **FILTER}),
        stream_of(
            _begun[0],
            event("response.incomplete", response={**RESPONSE, "status": "incomplete", **FILTER}, sequence_number=1),
        ),
    ),
    "Responses: no response.completed": stream_of(*_begun),
    "Responses: half a response": either(_half(_response), stream_of(*_begun[:3], _begun[3][:-20])),
    "Responses: 400": _said({"error": {"type": "invalid_request_error", "message": "no", "code": None}}, status=400),
}
WIRE_STREAMS = frozenset({*list(MESSAGES)[:5], *list(RESPONSES)[:3], "Responses: no response.completed"})
