"""Prints what the adapter process adds to a reply of Gemini's, whole and streamed: `python -m bench.adapter`."""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from gateway.supervisor.adapter_child import start_process

TURNS = 100  # of each way to ask, in turn
EVENTS = 64
WORDS = "canals " * 140  # about 1 kB


class Vendor(BaseHTTPRequestHandler):
    """Answers at once."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *rest: object) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if "stream" not in self.path:
            return self._say("application/json", json.dumps(_said(WORDS, "STOP")).encode())
        said = [_said("canals ", None) for _ in range(EVENTS - 1)] + [_said("end", "STOP")]
        self._say("text/event-stream", b"".join(b"data: " + json.dumps(each).encode() + b"\r\n\r\n" for each in said))

    def _say(self, kind: str, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)


def _said(text: str, finish: str | None) -> dict[str, object]:
    candidate: dict[str, object] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    used = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})], "usageMetadata": used}


class Here(http.client.HTTPConnection):
    """Over the adapter's socket."""

    path = ""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def main() -> None:
    """One adapter, and a vendor that takes no time, asked directly and by way of it in turn."""
    vendor = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    threading.Thread(target=vendor.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path, began = Path(name) / "adapter", time.monotonic()
        adapter = start_process(name, path, most_bytes=1 << 20)
        try:
            while not path.exists():
                if adapter.poll() is not None:
                    raise SystemExit("the adapter has ended")
                time.sleep(0.1)
            print(f"ready after {time.monotonic() - began:.1f} s")
            report(vendor.server_port, str(path), adapter.pid)
        finally:
            adapter.kill()
            adapter.wait()


def report(port: int, path: str, pid: int) -> None:
    """Medians over the turns."""
    direct = http.client.HTTPConnection("127.0.0.1", port)
    here = Here("adapter")
    here.path = path
    for what, stream in (("a whole reply of 1 kB", False), (f"a stream of {EVENTS} events", True)):
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        asked = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
        whom = {"api": "gemini", "model": "g", "base_url": f"http://127.0.0.1:{port}", "login": {"api_key": "k"}}
        bodies = json.dumps({"contents": []}), json.dumps({"endpoint": whom, "request": asked})
        times: list[tuple[float, float]] = []
        for turn in range(TURNS + 5):
            if turn == 5:  # it is warm
                before = _cpu_s(pid)
            plain_s = _timed(direct, f"/v1beta/models/g:{verb}", bodies[0])
            times.append((plain_s, _timed(here, "/chat/completions", bodies[1])))
        cpu_ms = (_cpu_s(pid) - before) / TURNS * 1e3
        plain, adapted = (median(each) * 1e3 for each in zip(*times[5:], strict=True))
        print(f"{what}: {plain:.1f} ms directly, {adapted:.1f} ms by the adapter; {cpu_ms:.1f} ms of its CPU")
    print(f"memory of the adapter: {_rss_mib(pid):.0f} MiB")


def _timed(connection: http.client.HTTPConnection, path: str, body: str) -> float:
    began = time.perf_counter()
    connection.request("POST", path, body, {"content-type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    assert reply.status == 200
    return time.perf_counter() - began


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
