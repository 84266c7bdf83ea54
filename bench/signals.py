"""Prints the CPU microseconds of each signal for a 2 KB and a 1 MB prompt, and of a verdict on 1 KB of it as a reply.

`python -m bench.signals`; what is compiled at run time is compiled before.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from gateway.outcome import refusal
from gateway.signals import language, needs, pii, read, secrets, tokens, topic
from gateway.signals.text import Text

_CLEAN = "The quick brown fox jumps over the lazy dog, and then it rests for a while by the river bank. "
_TEXTS = {
    "clean English": _CLEAN,
    "Chinese": "今天天气很好，我们去公园散步，然后回家吃饭。",
    "with data": _CLEAN * 3
    + "Call +358 40 1234567 or write to jane@example.com; card 4111 1111 1111 1111, total 1,250.00. ",
    "only figures": "4821.22 9938 10293 88210, 5523 ",
    "digits": "1234567890",
    "one at sign": "@",
    "colons": "a:1:",
}


def main() -> None:
    names = ("tokens", "needs", "read", "language", "pii", "secrets", "topic", "refusal", "together")
    print(f"{'prompt':14} {'bytes':>9} {' '.join(f'{name:>10}' for name in names)}  pii says")
    language.load()
    topic.load()
    refusal.load()
    for size in (2_048, 1_000_000):
        for name, piece in _TEXTS.items():
            text = (piece * (size // len(piece.encode()) + 1)).encode()[:size].decode(errors="ignore")
            fields = _fields(text)
            passages = read.read("chat", fields)
            row = [
                _microseconds(lambda f=fields: tokens.of_fields(f)),
                _microseconds(lambda f=fields: needs.measure(f)),
                _microseconds(lambda f=fields: read.read("chat", f)),
                _microseconds(lambda p=passages: language.measure(p)),
                _microseconds(lambda p=passages: pii.measure(p)),
                _microseconds(lambda p=passages: secrets.measure(p)),
                _microseconds(lambda p=passages: topic.measure(p)),
                _microseconds(lambda t=text[:1024]: refusal.judge("Tell me about it.", t)),
            ]
            figures = " ".join(f"{each:10,.1f}" for each in (*row, sum(row)))
            print(f"{name:14} {size:9} {figures}  {_said(passages)}")


def _fields(text: str) -> dict[str, msgspec.Raw]:
    body = {"model": "auto", "messages": [{"role": "user", "content": text}]}
    return msgspec.json.decode(msgspec.json.encode(body), type=dict[str, msgspec.Raw])


def _said(text: Text) -> str:
    found = pii.measure(text)
    return ", ".join(sorted(found)) if isinstance(found, frozenset) else "unknown"


def _microseconds(call: Callable[[], object]) -> float:
    """CPU time of one call, the best of several rounds."""
    call()
    started = time.process_time()
    call()
    repeats = max(1, min(1_000, int(0.02 / (time.process_time() - started + 1e-6))))
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        for _ in range(repeats):
            call()
        best = min(best, (time.process_time() - started) / repeats)
    return best * 1e6


if __name__ == "__main__":
    main()
