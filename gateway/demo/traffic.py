"""Mixed requests for the demo, in a fixed order: five teams, ordinary and sensitive questions, personal data, tools.

Whole and streamed, in the words of Chat, Responses, Messages and embeddings.
"""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

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
_PERSONAL = (  # people who do not exist: reserved names, and numbers of documentation
    "Write to anna.larsson@example.com that her delivery comes on Friday.",
    "Does the IBAN DE89 3704 0044 0532 0130 00 belong to a German bank?",
    "Put the card 4111 1111 1111 1111 into the refund form.",
)
_WITH_TOOLS = (
    "What is the weather in Turku tomorrow?",
    "Is the weather in Bremen good enough for a delivery by bike?",
)
_WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
_PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "embedding": "/v1/embeddings",
}
_CONTENTS = {
    "ordinary": _PROMPTS[:_SENSITIVE_FROM],
    "sensitive": _PROMPTS[_SENSITIVE_FROM:],
    "personal": _PERSONAL,
    "tool": _WITH_TOOLS,
}
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
    kind: str = "chat"  # of `_PATHS`
    tool: bool = False  # one may be called


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
    team = chance.choices(("demo", "research", "sales-eu", "finance", "clinic"), (8, 5, 1, 3, 1))[0]
    kind = chance.choices(tuple(_PATHS), (24, 2, 2, 1))[0]
    content = chance.choices(("ordinary", "sensitive", "personal", "tool"), (15, 4, 1, 1))[0]
    model = chance.choices(("auto", "simulated-deepseek", "simulated-gpt", "smollm2-135m"), (14, 3, 2, 1))[0]
    stream = chance.random() < 0.33
    if team in _AT_HOME:
        kind = "chat" if kind == "embedding" else kind  # the model at home makes no vectors and calls no tools
        content = "ordinary" if content == "tool" else content
        model = "auto" if chance.random() < 0.8 else model  # a vendor by name is denied them
    if kind == "embedding" or content == "tool":
        model = "auto"
    most = _SHORT if team in _AT_HOME or model == "smollm2-135m" else _LONG
    prompt = chance.choice(_CONTENTS[content])
    return Ask(team, model, prompt, stream and kind != "embedding", most, kind, content == "tool")


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
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    started = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("POST", _PATHS[ask.kind], json.dumps(_body(ask, conversation)).encode(), headers)
        reply = connection.getresponse()
        text = reply.read()
    except (OSError, http.client.HTTPException) as wrong:
        return Told(0, type(wrong).__name__, 0, ask.stream, time.monotonic() - started)
    finally:
        connection.close()
    endpoint = reply.headers.get("x-gateway-endpoint") if reply.status == 200 else _code(text)
    attempts = int(reply.headers.get("x-gateway-attempts") or 0)
    return Told(reply.status, endpoint or "-", attempts, ask.stream, time.monotonic() - started)


def _body(ask: Ask, conversation: str) -> dict[str, Any]:
    """In the words of its interface."""
    if ask.kind == "embedding":
        return {"model": ask.model, "input": ask.prompt}
    said = [{"role": "user", "content": ask.prompt}]
    beside = {"model": ask.model, "stream": ask.stream}
    if ask.kind == "messages":
        schema = {"name": _WEATHER["name"], "input_schema": _WEATHER["parameters"]}
        return {**beside, "max_tokens": ask.max_tokens, "messages": said} | ({"tools": [schema]} if ask.tool else {})
    beside["prompt_cache_key"] = conversation  # one each, as of many people: a canary draws once a conversation
    if ask.kind == "responses":
        tools = {"tools": [{"type": "function", **_WEATHER}]} if ask.tool else {}
        return {**beside, "input": said, "max_output_tokens": ask.max_tokens, **tools}
    tools = {"tools": [{"type": "function", "function": _WEATHER}]} if ask.tool else {}
    return {**beside, "messages": said, "max_tokens": ask.max_tokens, **tools}


def _code(text: bytes) -> str:
    try:
        return str(json.loads(text)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "-"
