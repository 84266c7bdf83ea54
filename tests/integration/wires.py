"""A vendor that plays the replies in tests/golden/wires, and the policy folder that asks it for each."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "golden" / "wires"
KEY = "gw-" + hashlib.sha256(b"wires").hexdigest()[:43]
WAYS = ("whole", "stream", "whole alone", "stream alone")  # alone: without a second endpoint
WORDS = "Ships float because the water they push aside weighs as much as the ship itself does, says the other endpoint."
_POLICY = """version: 1
aliases: {auto: any}
guards: []
defaults:
  limits: {first_byte_s: 20, whole_s: 20, total_s: 60, attempts: 4}
  on_refusal: {hold: {chars: 160, seconds: 20, thinking_s: 20}}
routes:
  - {name: named, when: {model_known: true}, try: [requested], order: price, affinity: none}
  - {name: rest, try: [{any: {}}], order: price, affinity: none}
"""
_CHEAP = "{since: 2026-01-01, input: 1, cached_input: 0.1, cache_write: 1.25, output: 10}"
_DEAR = "{since: 2026-01-01, input: 2, output: 20}"


def cases() -> list[dict[str, Any]]:
    """Every recorded reply, then the neighbours."""
    return [case for name in ("recorded", "neighbours") for case in json.loads((CASES / f"{name}.json").read_text())]


def model_of(case: dict[str, Any], way: str) -> str:
    """The model by which a case is asked for: each has endpoints, and so breakers, of its own."""
    return f"{case['id']}-{way.replace(' ', '-')}"


def write_policy(folder: Path, port: int, played: list[dict[str, Any]]) -> None:
    """A folder whose models are the cases; the vendor listens on `port`."""
    catalog = folder / "catalog"
    catalog.mkdir(parents=True)
    for name in ("operators.yaml", "labs.yaml"):
        shutil.copy(ROOT / "policies" / "catalog" / name, catalog / name)
    models, endpoints = [], []
    for case in played:
        for way in WAYS:
            model = model_of(case, way)
            models.append(
                f"  - {{id: {model}, lab: openai, base: [], open_weights: true, licence: MIT, context_tokens: 100000, "
                "kinds: [chat], can: [tools, reasoning, logprobs]}"
            )
            endpoints.append(_endpoint(model, case["operator"], port, case["id"], _CHEAP))
            if "alone" not in way:
                other = "together" if case["operator"] == "deepinfra" else "deepinfra"
                endpoints.append(_endpoint(model, other, port, "other", _DEAR))
    (catalog / "models.yaml").write_text("models:\n" + "\n".join(models) + "\n")
    (catalog / "endpoints.yaml").write_text("endpoints:\n" + "\n".join(endpoints) + "\n")
    (folder / "policy.yaml").write_text(_POLICY)
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    key = f"{{id: w, team: t, app: w, sha256: {digest}}}"
    (folder / "callers.yaml").write_text(f"teams: {{t: {{residency: any, data_class: public}}}}\nkeys: [{key}]\n")


def _endpoint(model: str, operator: str, port: int, plays: str, price: str) -> str:
    hosting = "self" if operator == "self" else "hosted"
    return (
        f'  - {{id: "{model}@{operator}", hosting: {hosting}, storage: [US], inference: [US], trains_on_data: false, '
        f'retention_days: 0, api: openai, base_url: "http://127.0.0.1:{port}/{operator}", upstream_model: {plays}, '
        f"key_env: null, prices: [{price}]}}"
    )


@contextmanager
def vendor(played: list[dict[str, Any]]) -> Iterator[int]:
    """Runs the vendor in a thread of its own; yields its port."""
    acts = {case["id"]: case for case in played} | {"other": _other()}
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(lambda reader, writer: _serve(reader, writer, acts), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_leave(server), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _leave(server: asyncio.Server) -> None:
    server.close()
    lines = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for line in lines:
        line.cancel()
    await asyncio.gather(*lines, return_exceptions=True)
    await asyncio.sleep(0.01)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, acts: dict[str, Any]) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            asked = json.loads(await reader.readexactly(size))
            act = acts[asked["model"]]["stream" if asked.get("stream") else "whole"]
            await (_say_whole(writer, act) if "body" in act else _say_chunks(writer, act))
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        pass
    finally:
        writer.transport.abort()


async def _say_whole(writer: asyncio.StreamWriter, act: dict[str, Any]) -> None:
    body = act["body"] if isinstance(act["body"], str) else json.dumps(act["body"])
    data = body.encode()
    lines = {"content-type": "application/json", **act.get("headers", {}), "content-length": str(len(data))}
    writer.write(_head(act["status"], lines) + data)
    await writer.drain()


async def _say_chunks(writer: asyncio.StreamWriter, act: dict[str, Any]) -> None:
    lines = {"content-type": "text/event-stream", **act.get("headers", {}), "transfer-encoding": "chunked"}
    writer.write(_head(act["status"], lines))
    for chunk in act["chunks"]:
        await writer.drain()
        if isinstance(chunk, dict):
            await asyncio.sleep(chunk["sleep"])
            continue
        data = chunk.encode()
        writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await asyncio.sleep(0.01)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _head(status: int, lines: dict[str, str]) -> bytes:
    return f"HTTP/1.1 {status} X\r\n".encode() + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines.items()) + b"\r\n"


def _other() -> dict[str, Any]:
    beside: dict[str, Any] = {"id": "o", "created": 1, "model": "o"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    message = {"role": "assistant", "content": WORDS}
    whole: dict[str, Any] = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
    events: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage},
    ]
    chunks = [f"data: {json.dumps({**beside, **event})}\n\n" for event in events]
    return {
        "whole": {"status": 200, "body": {**beside, **whole}},
        "stream": {"status": 200, "chunks": [*chunks, "data: [DONE]\n\n"]},
    }
