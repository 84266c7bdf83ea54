"""`gateway import … --against`: a peer and the imported folder are asked the same ten prompts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway.cli import main
from gateway.cli.comparing import PROMPTS

pytestmark = pytest.mark.services
SORRY = "I'm sorry, but I can't help with that request."
CONFIG = """
model_list:
  - model_name: house-model
    litellm_params: {{model: openai/up-1, api_base: "http://127.0.0.1:{port}/v1", api_key: "os.environ/UP_KEY"}}
    model_info: {{max_input_tokens: 32768, mode: chat}}
"""


@contextmanager
def answering(model: str, *, sorry: str = "") -> Iterator[tuple[int, list[dict[str, object]]]]:
    """A server that answers every prompt, but apologises to the one that holds `sorry`."""
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say({"object": "list", "data": [{"id": "other"}, {"id": "house-model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append({**body, "key": self.headers["authorization"]})
            refuses = sorry and sorry in body["messages"][0]["content"]
            words = SORRY if refuses else "Certainly: here is a full and friendly answer to what you asked about."
            message = {"role": "assistant", "content": words}
            usage = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            self._say({"id": "x", "object": "chat.completion", "model": model, "choices": choices, "usage": usage})

        def _say(self, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


def test_both_are_asked_the_same_and_what_differs_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GATEWAY_PEER_KEY", "sk-of-the-peer")
    monkeypatch.setenv("GATEWAY_KEY_UP_KEY", "sk-up")
    monkeypatch.setenv("COLUMNS", "200")
    with answering("peer-model", sorry="Tiananmen") as (peer, of_peer), answering("up-1") as (upstream, of_ours):
        config = tmp_path / "config.yaml"
        config.write_text(CONFIG.format(port=upstream))
        with pytest.raises(SystemExit) as ended:
            words = ["import", "litellm", str(config), "--into", str(tmp_path / "into")]
            main([*words, "--own", f"127.0.0.1:{upstream}=DE", "--against", f"http://127.0.0.1:{peer}"])
    said = capsys.readouterr()

    assert not ended.value.code, said.out + said.err
    assert [each["messages"][0]["content"] for each in of_peer] == list(PROMPTS)  # type: ignore[index]
    assert [each["messages"][0]["content"] for each in of_ours] == list(PROMPTS)  # type: ignore[index]
    assert {each["key"] for each in of_peer} == {"Bearer sk-of-the-peer"} and of_peer[0]["model"] == "house-model"
    assert "9 of 10 ended alike, 1 did not" in said.out and "≠" in said.out
    assert "sk-" not in said.out + said.err


def test_what_we_cannot_do_is_said_in_our_words(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("GATEWAY_KEY_UP_KEY", raising=False)
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(port=1))
    with answering("peer-model") as (peer, _), pytest.raises(SystemExit):
        words = ["import", "litellm", str(config), "--into", str(tmp_path / "into"), "--own", "127.0.0.1:1=DE"]
        main([*words, "--against", f"http://127.0.0.1:{peer}/v1", "--ask", "house-model"])

    assert "here 503 overloaded:" in capsys.readouterr().out


def test_a_peer_that_lists_nothing_we_know_is_told_of(tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(port=1))
    with pytest.raises(SystemExit) as ended:
        main(["import", "litellm", str(config), "--into", str(tmp_path / "into"), "--own", "127.0.0.1:1=DE",
              "--against", "http://127.0.0.1:1/v1"])  # fmt: skip

    assert ended.value.code == 1
    assert "is it running, is its key in GATEWAY_PEER_KEY" in capsys.readouterr().err
