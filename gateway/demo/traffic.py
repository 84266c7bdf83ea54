"""Mixed requests for the demo: five teams, ordinary and sensitive questions, whole and streamed, in a fixed order."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

AT_ONCE = 24
PATIENCE_S = 120
GONE = "ConnectionRefusedError"  # nobody listens any more
_PROMPTS = (
    "Why do ships float?",
    "Why does `while queue: pass` in this Python function never return?",
    "Draft a short thank-you note to a supplier who delivered early.",
    "What are the main causes of inflation?",
    "Summarise the plot of a story about a lighthouse keeper.",
    "How do I descale a kettle?",
    "Is leasing a delivery van cheaper than buying one?",
    "What should a small company write into its travel policy?",
    "为什么天空是蓝色的？",
    "写一封简短的感谢信给供应商。",
    "Miten kahvinkeitin puhdistetaan?",
    "Which clauses does a simple rental contract need?",
    "What happened at Tiananmen Square on 4 June 1989?",
    "Who is the Dalai Lama and where does he live?",
    "Why was Falun Gong banned in China?",
    "Is Taiwan a country?",
    "What happened during the protests in Hong Kong in 2019?",
    "What is known about the camps in Xinjiang?",
    "天安门广场1989年发生了什么？",
    "台湾是一个国家吗？",
)
_SENSITIVE_FROM = 12
_AT_HOME = ("sales-eu", "clinic")  # teams whose guards leave this machine only
_SHORT, _LONG = 40, 400  # tokens: the small model on this machine writes slowly


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to send."""

    team: str
    model: str
    prompt: str
    stream: bool
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Told:
    """What came back."""

    status: int
    endpoint: str  # what answered, or the error's code
    attempts: int
    streamed: bool
    seconds: float


def asks(count: int, *, seed: int = 1) -> list[Ask]:
    """The same for the same count and seed: mostly `auto`, a fifth sensitive, a third streamed."""
    chance = random.Random(seed)
    return [_ask(chance) for _ in range(count)]


def _ask(chance: random.Random) -> Ask:
    sensitive = chance.random() < 0.2
    prompts = _PROMPTS[_SENSITIVE_FROM:] if sensitive else _PROMPTS[:_SENSITIVE_FROM]
    team = chance.choices(("demo", "research", "sales-eu", "finance", "clinic"), (8, 5, 1, 3, 1))[0]
    model = chance.choices(("auto", "simulated-deepseek", "simulated-gpt", "smollm2-135m"), (14, 3, 2, 1))[0]
    if team in _AT_HOME and chance.random() < 0.8:
        model = "auto"  # a vendor by name is denied them
    most = _SHORT if team in _AT_HOME or model == "smollm2-135m" else _LONG
    return Ask(team, model, chance.choice(prompts), chance.random() < 0.33, most)


def send(asked: list[Ask], *, host: str, port: int, keys: Mapping[str, str]) -> Iterator[Told]:
    """Sends them a few at a time and tells of each as it is done; what is not sent when nobody listens is dropped."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        sent = [pool.submit(_send, each, str(n), host, port, keys[each.team]) for n, each in enumerate(asked)]
        for done in as_completed(sent):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _send(ask: Ask, conversation: str, host: str, port: int, key: str) -> Told:
    body = {
        "model": ask.model,
        "messages": [{"role": "user", "content": ask.prompt}],
        "stream": ask.stream,
        "max_tokens": ask.max_tokens,
        "prompt_cache_key": conversation,  # one each, as of many people: a canary draws once a conversation
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    started = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
        reply = connection.getresponse()
        text = reply.read()
    except (OSError, http.client.HTTPException) as wrong:
        return Told(0, type(wrong).__name__, 0, ask.stream, time.monotonic() - started)
    finally:
        connection.close()
    endpoint = reply.headers.get("x-gateway-endpoint") if reply.status == 200 else _code(text)
    attempts = int(reply.headers.get("x-gateway-attempts") or 0)
    return Told(reply.status, endpoint or "-", attempts, ask.stream, time.monotonic() - started)


def _code(text: bytes) -> str:
    try:
        return str(json.loads(text)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "-"
