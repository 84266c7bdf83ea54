"""Prints what a hold adds to the first byte of the same paced stream: `python -m bench.hold`."""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import build
from bench.contestants import KEY, PROMPT, Place, ours
from bench.measure import wait_for_answer
from bench.processes import GATEWAY_CORE, OTHER_CORE, Process, free_port

TURNS = 20  # of each way to ask, in turn
HOLD_CHARS = 160
GAP_MS = 20
CHANGES = (
    ("when: {tokens: {above: 100000}}", "when: {topic: malicious}"),  # where no topic is known, a refusal stands
    ("on_refusal: {reroute: [filtered, blank]}", f"on_refusal: {{hold: {{chars: {HOLD_CHARS}, seconds: 5}}}}"),
)


@dataclass(frozen=True, slots=True)
class Heard:
    """Milliseconds after asking."""

    first: float
    enough: float  # when as many characters had come as a hold waits for


def main() -> None:
    """One gateway, asked for a model with one endpoint (nothing to go to, so nothing is held) and for any."""
    build.parts()
    build.papers()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = Place(Path(name), free_port(), free_port(), free_port())
        start = ours("plain")(place)
        policy = place.folder / "policies" / "plain" / "policy.yaml"
        text = policy.read_text()
        for before, after in CHANGES:
            text = text.replace(before, after)
        policy.write_text(text)
        log = place.folder / "log"
        upstream = Process([build.BUILD / "upstream", str(place.upstream)], core=OTHER_CORE, environment={}, log=log)
        began = time.monotonic()
        gateway = Process(start.command, core=GATEWAY_CORE, environment=start.environment, log=log)
        try:
            body = place.folder / "body.json"
            body.write_text(json.dumps(asked("fake", stream=False)))
            wait_for_answer(gateway, place.port, body, "", began, log)
            report(place.port)
        finally:
            gateway.stop()
            upstream.stop()


def report(port: int) -> None:
    """Medians over the turns."""
    heard = [(ask(port, "fake"), ask(port, "auto")) for _ in range(TURNS + 1)][1:]  # the first warms up
    off, on, told = (median(each) for each in zip(*((a.first, b.first, a.enough) for a, b in heard), strict=True))
    late = median(b.first - a.enough for a, b in heard)
    print(f"first byte, an event every {GAP_MS} ms, medians of {TURNS} streams in turn:")
    print(f"  nothing held             {off:8.1f} ms")
    print(f"  {HOLD_CHARS} characters held      {on:8.1f} ms, ×{on / off:.0f}")
    print(f"  their {HOLD_CHARS}th came after  {told:8.1f} ms where nothing was held; judging added {late:.1f} ms")


def ask(port: int, model: str) -> Heard:
    """One stream, read as far as needed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", json.dumps(asked(model, stream=True)), headers)
    reply = connection.getresponse()
    if reply.status != 200:
        raise SystemExit(f"{reply.status}: {reply.read(500).decode(errors='replace')}")
    first, chars = 0.0, 0
    while chars < HOLD_CHARS and (line := reply.readline()):
        first = first or (time.perf_counter() - began) * 1e3
        chars += len(text_of(line))
    enough = (time.perf_counter() - began) * 1e3
    connection.close()
    return Heard(first, enough)


def asked(model: str, *, stream: bool) -> dict[str, object]:
    """The upstream is told its pace in `user`."""
    messages = [{"role": "user", "content": PROMPT}]
    return {"model": model, "messages": messages, "stream": stream, "user": f"t=0,g={GAP_MS},n=100"}


def text_of(line: bytes) -> str:
    """The answer text of one line of a stream."""
    if not line.startswith(b"data: {"):
        return ""
    choices = json.loads(line[6:]).get("choices")
    return choices[0]["delta"].get("content") or "" if choices else ""


if __name__ == "__main__":
    main()
