"""What the control application says when it fails itself."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.control import app as control
from gateway.control.state import State
from gateway.settings import Settings


def test_a_fault_of_ours_is_json_and_says_nothing_of_what_went_wrong(monkeypatch: pytest.MonkeyPatch):
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("sk-secret")

    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {"type": "http", "method": "GET", "path": "/openapi.json", "raw_path": b"", "query_string": b"",
             "headers": [(b"host", b"127.0.0.1")], "http_version": "1.1", "scheme": "http", "root_path": "",
             "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}  # fmt: skip
    state = cast(State, SimpleNamespace(settings=Settings()))
    made = control.create_app(state)
    monkeypatch.setattr(made._app, "openapi", fails)  # type: ignore[attr-defined]

    with pytest.raises(RuntimeError):  # the server logs it
        asyncio.run(cast(Any, made(scope, receive, send)))

    body = b"".join(message.get("body", b"") for message in sent)
    assert [message["status"] for message in sent if "status" in message] == [500]
    assert json.loads(body)["error"]["code"] == "internal_error"
    assert b"secret" not in body
