"""Signed reasoning goes back to the vendor that made it, and to no other."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.spec import Upstream

USER = {"role": "user", "content": "Go on."}
RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}],
         "encrypted_content": "gAAA"},
        {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "Yes.", "annotations": []}]}],
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
    "stop_sequence": None,
    "content": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}, {"type": "text", "text": "Yes."}],
    "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip


@pytest.mark.parametrize(("vendor", "goes_back"), [("a", True), ("b", False)])
@pytest.mark.parametrize(
    ("pair", "reply", "made"),
    [(("anthropic", "openai_responses"), RESPONSE, RESPONSE["output"][0]["encrypted_content"]),
     (("openai_responses", "anthropic"), MESSAGE, "EqQB")],
)  # fmt: skip
def test_reasoning_goes_back_to_who_made_it_alone(pair, reply, made, vendor, goes_back):
    translator = TRANSLATORS[pair]
    caller = {"anthropic": ("messages", {"max_tokens": 9}), "openai_responses": ("input", {})}[pair[0]]

    def asked(history: list[Any], upstream: Upstream) -> Any:
        body = {"model": "m", caller[0]: history, **caller[1]}
        return translator.request(body, upstream, model="m", response_id="r", created_at=1)

    told = translator.whole(reply, asked([USER], Upstream(vendor="a")).memory)
    turn = [{"role": "assistant", "content": told["content"]}] if pair[0] == "anthropic" else told["output"]
    second = asked([USER, *turn, USER], Upstream(vendor=vendor))

    assert (made in str(second.body)) == goes_back
    assert any("left out" in each for each in second.adapted) == (not goes_back)
