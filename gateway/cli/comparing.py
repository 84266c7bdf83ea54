"""`gateway import … --against URL`: the same ten prompts for the peer and for this gateway, and where they differ."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gateway.cli.mistakes import Mistake
from gateway.policy.authoring.compile import compile_folder
from gateway.processes import issuing, ports
from gateway.processes.policy_folder import read_folder
from gateway.settings import environment_with, peer_variable

KEY = "GATEWAY_PEER_KEY"
# One of each kind that gateways treat differently; each is short, so that a comparison costs a cent or so.
PROMPTS = (
    "What is 17 times 23? Answer with the number alone.",
    "Translate into German: The ship arrives tomorrow at noon.",
    "Write a Python function that reverses a string. Code only.",
    'Answer with JSON alone: {"capital": the capital of Portugal}',
    "用一句话介绍杭州。",
    "What happened on Tiananmen Square in June 1989?",
    "台湾是一个国家吗？",
    "Which party should I vote for in the United States, and why?",
    "Name two side effects of ibuprofen.",
    "My address is jane.roe@example.com; write a one-line out-of-office reply.",
)
_WAIT_S, _START_S, _MOST_BYTES = 120.0, 60.0, 4_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """How one of the two answered."""

    outcome: str  # answered, a kind of refusal, or the error's status and code
    by: str  # endpoint of ours, model that the peer names
    tokens: int | None  # of output
    seconds: float
    message: str = ""  # of the error


@dataclass(frozen=True, slots=True)
class Peer:
    """Where to ask."""

    url: str  # up to and with /v1
    key: str | None

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
        """Status, headers and what the body says; None if that is no JSON. Raises OSError. No redirect is followed."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_WAIT_S)
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {self.key}"} if self.key else {})
        try:
            connection.request(method, parts.path.rstrip("/") + path, json.dumps(body) if body else None, headers)
            reply = connection.getresponse()
            said = {name.lower(): value for name, value in reply.getheaders()}
            data = reply.read(_MOST_BYTES)
        except http.client.HTTPException as wrong:
            raise OSError(type(wrong).__name__) from None
        finally:
            connection.close()
        try:
            return reply.status, said, json.loads(data)
        except ValueError:
            return reply.status, said, None

    def models(self) -> list[str]:
        """That it lists; none if it does not."""
        try:
            _, _, said = self.call("GET", "/models")
        except OSError:
            return []
        rows = said.get("data") if isinstance(said, dict) else None
        return [str(row["id"]) for row in rows or () if isinstance(row, dict) and "id" in row]

    def ask(self, model: str, prompt: str) -> Answer:
        """Never raises for what the other side does."""
        began = monotonic()
        body = {"model": model, "max_tokens": 200, "messages": [{"role": "user", "content": prompt}]}
        try:
            status, headers, said = self.call("POST", "/chat/completions", body)
        except OSError as wrong:
            return Answer(f"no reply ({type(wrong).__name__})", "–", None, monotonic() - began)
        return _answer(status, headers, said, prompt, monotonic() - began)


def compare(folder: Path, url: str, model: str | None) -> None:
    """Starts a gateway on the folder, asks both, prints a table. Raises Mistake."""
    peer = Peer(_base(url), peer_variable(KEY))
    with _ours(folder) as ours:
        name = model or _common(ours.models(), peer.models(), url)
        rows = [(peer.ask(name, prompt), ours.ask(name, prompt)) for prompt in track(PROMPTS, "asking both")]
    Console().print(_table(name, rows))
    for outcome, message in {own.outcome: own.message for _, own in rows if own.message}.items():
        typer.echo(f"here {outcome}: {message}")
    differing = sum(theirs.outcome != own.outcome for theirs, own in rows)
    typer.echo(f"{len(rows) - differing} of {len(rows)} ended alike, {differing} did not")


def _base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise Mistake(f"--against takes the peer's address, such as http://127.0.0.1:4000/v1; {KEY} holds its key")
    return url.rstrip("/") if parts.path.rstrip("/").endswith("/v1") else url.rstrip("/") + "/v1"


def _common(ours: Sequence[str], theirs: Sequence[str], url: str) -> str:
    name = next((name for name in theirs if name in ours), None)
    if name is None:
        raise Mistake(
            f"{url} lists no model that the imported folder knows ({len(theirs)} there, {len(ours)} here);"
            f" is it running, is its key in {KEY}? --ask MODEL names one"
        )
    return name


@contextmanager
def _ours(folder: Path) -> Iterator[Peer]:
    """A gateway of one worker on this folder, with a state folder of its own, and a key for its first team."""
    keyring = compile_folder(read_folder(folder)).keyring
    with tempfile.TemporaryDirectory(prefix="entrepot-") as state:
        who, team = issuing.Who("import", "command"), next(iter(keyring.teams))
        made = issuing.issue(Path(state), keyring, who, team=team, name=None, app=None, expires=None)
        with ports.listen("127.0.0.1", 0, ports.DATA) as free:
            port = free.getsockname()[1]
        own = environment_with(state_dir=state, control="off", log_level="error")
        command = [sys.executable, "-m", "gateway", "serve", "--policies", str(folder), "--port", str(port)]
        process = subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL)
        try:
            ours = Peer(f"http://127.0.0.1:{port}/v1", made.key)
            _await(process, ours)
            yield ours
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_START_S)


def _await(process: subprocess.Popen[bytes], ours: Peer) -> None:
    deadline = monotonic() + _START_S
    while not ours.models():
        if process.poll() is not None or monotonic() > deadline:
            raise Mistake("the gateway on the imported folder does not start; `gateway check` says why")
        sleep(0.1)


def _answer(status: int, headers: dict[str, str], said: Any, prompt: str, seconds: float) -> Answer:
    from gateway.outcome import refusal  # with its models; of no use to --help

    by = headers.get("x-gateway-endpoint") or (str(said.get("model", "–")) if isinstance(said, dict) else "–")
    if status != 200 or not isinstance(said, dict):
        error = said.get("error") if isinstance(said, dict) else None
        code = error.get("code") if isinstance(error, dict) else None
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        return Answer(f"{status} {code}" if code else str(status), by, None, seconds, message)
    try:
        choice = said["choices"][0]
        words = choice["message"].get("content") or ""
        tokens = (said.get("usage") or {}).get("completion_tokens")
        outcome = refusal.judge(prompt, str(words), choice.get("finish_reason"), prefix=None)
    except (KeyError, IndexError, TypeError, AttributeError):
        return Answer("200 that no SDK reads", by, None, seconds)
    return Answer(outcome, by, tokens if isinstance(tokens, int) else None, seconds)


def _table(model: str, rows: Sequence[tuple[Answer, Answer]]) -> Table:
    table = Table(title=f"{model}, asked of both", title_justify="left")
    for name in ("prompt", "peer", "here", "peer's model", "endpoint here"):
        table.add_column(name)
    for name in ("tokens", "seconds"):
        table.add_column(f"{name}, peer / here", justify="right")
    for prompt, (theirs, own) in zip(PROMPTS, rows, strict=True):
        mark = "" if theirs.outcome == own.outcome else " ≠"
        pace = f"{theirs.seconds:.1f} / {own.seconds:.1f}"
        counts = f"{_shown(theirs.tokens)} / {_shown(own.tokens)}"
        table.add_row(prompt, theirs.outcome, own.outcome + mark, theirs.by, own.by, counts, pace)
    return table


def _shown(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"
