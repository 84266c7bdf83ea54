"""Asks one gateway through the official SDKs while its vendors do wrong, and says what each row of the table saw."""

from __future__ import annotations

import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import anthropic
import openai
import sqlalchemy

from tests.integration.fault_acts import (
    ADDRESSES,
    BODIES,
    CONNECTIONS,
    FRAMES,
    RESTS,
    SLOW,
    STATUSES,
    STREAMS,
    good,
    redirecting,
)
from tests.integration.fault_wires import GOOD, MESSAGES, RESPONSES, WIRE_STREAMS, WIRES
from tests.integration.upstreams import CATALOG, ENDPOINT, KEY, Act, Upstreams, serving
from tests.running import PATIENCE_S, Running, Start, free_port

POLICY = """
version: 1
aliases: {auto: any}
guards: []
defaults: {order: listed, affinity: none, limits: {first_byte_s: 60, total_s: 120, attempts: 4}}
routes:
  - {name: again, when: {tag: again}, try: [requested], limits: {retry_same: 1}}
  - {name: hurried, when: {tag: hurried}, try: [requested], limits: {first_byte_s: 2, whole_s: 2, idle_s: 2}}
  - {name: rest, try: [requested]}
"""
CALLERS = "tags: [again, hurried]\nteams: {t: {data_class: public}}\nkeys: [{id: k, team: t, sha256: DIGEST}]\n"
DIALECTS = ("chat", "responses", "messages")
FORMS = ("whole", "stream")
HELLO: Any = [{"role": "user", "content": "Tell me some history."}]
WAYS = (
    *DIALECTS,
    "elsewhere",
    "again",
)  # a row is asked for: alone in each dialect, with another endpoint, by retry_same
MAIN = "m"  # the model of whose first endpoint most rows are asked, healed after each
HEALED = {MAIN: good, **GOOD}  # those whose endpoint answers again after each row
TOO_MUCH = ("a body of 100 MB", "chunks without end")  # dear: in one dialect, and once


@dataclass(frozen=True, slots=True)
class Case:
    """One request of a row."""

    row: str
    form: str
    way: str
    model: str

    @property
    def tag(self) -> str:
        return "again" if self.way == "again" else "hurried" if self.row in SLOW else ""

    @property
    def asked_for(self) -> str:
        return self.model if self.way == "elsewhere" else f"{self.model}@{self.model}-bad"


@dataclass(slots=True)
class Sight:
    """What the SDK saw, and the id by which the rest is found."""

    said: str
    headers: dict[str, str] = field(default_factory=dict)


def cases() -> list[Case]:
    """Those at one endpoint in turn, then those with endpoints of their own."""
    rows = [*CONNECTIONS, *STREAMS, *BODIES, *FRAMES, *MESSAGES, *RESPONSES]
    rows += [*STATUSES, *redirecting(""), *ADDRESSES, *RESTS, *SLOW]
    found = []
    for row in rows:
        for form in FORMS[1:] if row in STREAMS or row in WIRE_STREAMS else FORMS:
            for way in _ways(row, form):
                found.append(Case(row, form, way, _model(row, form, way)))
    return found


def _ways(row: str, form: str) -> tuple[str, ...]:
    """Where nothing of a reply has begun a stream is refused as a whole reply is, in every dialect."""
    if (
        row in TOO_MUCH
        or row in FRAMES
        or (form == "stream" and row in {**STATUSES, **redirecting(""), **RESTS, **dict.fromkeys(ADDRESSES)})
    ):
        return ("chat", "elsewhere")
    return WAYS[:4] if row in SLOW or row in MESSAGES or row in RESPONSES else WAYS


def _model(row: str, form: str, way: str) -> str:
    apart = [*RESTS, *SLOW, *ADDRESSES]
    if row in MESSAGES or row in RESPONSES:
        return "on-messages" if row in MESSAGES else "on-responses"
    return f"apart-{apart.index(row)}-{form}-{way}" if row in apart else MAIN


def folder(path: Path, models: dict[str, tuple[str, str]], digest: str) -> Path:
    """A policy folder with two endpoints for each model: a bad one and a good one, at these addresses."""
    (path / "catalog").mkdir(parents=True)
    (path / "policy.yaml").write_text(POLICY)
    (path / "callers.yaml").write_text(CALLERS.replace("DIGEST", digest))
    head, _, tail = CATALOG.partition("models:\n")
    row = tail.splitlines()[0]
    rows = "".join(row.replace("id: m,", f"id: {model},") + "\n" for model in models)
    names = [f"{model}-{kind}" for model in models for kind in ("bad", "good")]
    operators = "".join(
        f"  - {{id: {name}, name: {name}, country: US, parent_country: US, lists: [], screened: 2026-11-01}}\n"
        for name in names
    )
    endpoints = "".join(
        ENDPOINT.replace("MODEL", model).replace("NAME", f"{model}-{kind}").replace("URL", url)
        .replace("KEY_ENV", "null").replace("MORE", "")
        .replace("api: openai", f"api: {WIRES.get(model, 'openai') if kind == 'bad' else 'openai'}")
        for model, urls in models.items()
        for kind, url in zip(("bad", "good"), urls, strict=True)
    )  # fmt: skip
    text = f"{head}models:\n{rows}operators:\n{operators}endpoints:\n{endpoints}"
    (path / "catalog" / "all.yaml").write_text(text)
    return path


class Asks(Protocol):
    """Clients of all dialects."""

    def ask(self, case: Case) -> Sight:
        """What a program sees that uses them."""

    def close(self) -> None:
        """They are needed no more."""


class Sdks:
    """The official clients, which do not try again by themselves."""

    def __init__(self, running: Running):
        self.openai = openai.OpenAI(base_url=running.base_url, api_key=KEY, max_retries=0, timeout=PATIENCE_S)
        self.anthropic = anthropic.Anthropic(base_url=running.url, api_key=KEY, max_retries=0, timeout=PATIENCE_S)

    def ask(self, case: Case) -> Sight:
        """What a program sees that uses the SDK of the dialect."""
        dialect = case.way if case.way in DIALECTS else "chat"
        seen = Sight("")
        said = ""
        try:
            raw = self._begin(dialect, case)
            seen.headers = dict(raw.headers)
            for text in _texts(dialect, raw.parse(), stream=case.form == "stream"):
                said = said or ("text" if text else "")
            seen.said = "an answer" if said else "an empty answer"
        except (openai.APIStatusError, anthropic.APIStatusError) as error:
            seen.headers = dict(error.response.headers)
            seen.said = f"{said + ', then ' if said else ''}{type(error).__name__} {error.status_code} {_code(error)}"
        except (openai.APIError, anthropic.APIError) as error:
            seen.said = f"{said + ', then ' if said else ''}{type(error).__name__} {_code(error)}"
        return seen

    def _begin(self, dialect: str, case: Case) -> Any:
        body: Any = {"model": case.asked_for, "stream": case.form == "stream"}
        body["extra_headers"] = {"x-gateway-tag": case.tag} if case.tag else {}
        if dialect == "chat":
            return self.openai.chat.completions.with_raw_response.create(messages=HELLO, **body)
        if dialect == "responses":
            return self.openai.responses.with_raw_response.create(input="Tell me some history.", **body)
        return self.anthropic.messages.with_raw_response.create(messages=HELLO, max_tokens=900, **body)

    def close(self) -> None:
        self.openai.close()
        self.anthropic.close()


def _code(error: Any) -> str:
    """Of ours; Messages has types of its own."""
    if getattr(error, "code", None):
        return str(error.code)
    body = error.body if isinstance(error.body, dict) else {}
    return str((body.get("error") or body).get("type", ""))


def _texts(dialect: str, reply: Any, *, stream: bool) -> Iterator[str]:
    if not stream:
        yield {
            "chat": lambda: reply.choices[0].message.content,
            "responses": lambda: reply.output_text,
            "messages": lambda: "".join(block.text for block in reply.content),
        }[dialect]()
        return
    for event in reply:
        if dialect == "chat":
            yield "".join(choice.delta.content or "" for choice in event.choices)
        elif event.type == "error" or event.type == "response.failed":
            raise openai.APIError("", request=None, body=_error_of(event))  # type: ignore[arg-type]
        else:
            delta = getattr(event, "delta", "")
            yield delta if isinstance(delta, str) else getattr(delta, "text", "") or ""


def _error_of(event: Any) -> Any:
    error = getattr(getattr(event, "response", event), "error", None) or event
    return {"code": getattr(error, "code", None), "type": getattr(error, "type", None)}


@contextmanager
def unknown_certificate(path: Path) -> Iterator[int]:
    """The port of a server whose certificate nobody has signed."""
    words = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2")
    subprocess.run(["openssl", *words, "-keyout", "key", "-out", "crt"], cwd=path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path / "crt", path / "key")
    with serving(context) as upstreams:
        yield upstreams.port


@contextmanager
def plain_server() -> Iterator[int]:
    """The port of a server that knows no TLS and says so, as nginx does."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@dataclass
class Table:
    """What every row saw: by row and form, in the words of faults.yaml."""

    rows: dict[str, dict[str, dict[str, Any]]]
    followed: int  # requests that went where a redirect pointed
    resting: bool  # the breaker of an endpoint that asked for a rest, by the metrics


def observed(tmp: Path, start: Start, digest: str, of: Callable[[Running], Asks] | None = None) -> Table:
    """Runs the whole table. `of`: other SDKs than those for Python."""
    with ExitStack() as stack:
        upstreams, trap = stack.enter_context(serving()), stack.enter_context(serving())
        acts = CONNECTIONS | STREAMS | BODIES | FRAMES | MESSAGES | RESPONSES | STATUSES
        acts |= redirecting(trap.url("trap")) | RESTS | SLOW
        certificate = stack.enter_context(unknown_certificate(tmp))
        plain = stack.enter_context(plain_server())
        addresses = dict(zip(ADDRESSES, _addresses(plain, certificate), strict=True))
        urls = {
            case.model: (
                addresses.get(case.row, upstreams.url(f"{case.model}-bad")),
                upstreams.url(f"{case.model}-good"),
            )
            for case in cases()
        }
        running = start(folder(tmp / "policies", urls, digest))
        sdks = (of or Sdks)(running)
        stack.callback(sdks.close)
        upstreams.acts = {f"{model}-good": good for model in urls}
        sights = dict(_play(sdks, upstreams, acts))
        rests = next(case for case in sights if case.row == REST)
        resting = running.counts("gateway_breaker_open", 1, endpoint=rests.asked_for)
        return Table(_rows(sights, recorded(running, sights)), len(trap.asked), resting)


REST = "429, come back in 30 years"


def _addresses(plain: int, tls: int) -> tuple[str, ...]:
    """One for each of ADDRESSES."""
    return (
        f"http://127.0.0.1:{free_port()}",
        "http://nobody.invalid",
        f"https://127.0.0.1:{plain}",
        f"https://localhost:{tls}",
    )


def _play(sdks: Asks, upstreams: Upstreams, acts: dict[str, Act]) -> Iterator[tuple[Case, Sight]]:
    apart = [case for case in cases() if case.row in SLOW]
    for case in cases():
        if case.model not in HEALED and case.row in acts:
            upstreams.acts[f"{case.model}-bad"] = acts[case.row]
    with ThreadPoolExecutor(len(apart)) as pool:
        slow = pool.map(sdks.ask, apart)
        for case in cases():
            if case.row not in SLOW:
                yield case, _asked(sdks, upstreams, acts, case)
        yield from zip(apart, slow, strict=True)


def _asked(sdks: Asks, upstreams: Upstreams, acts: dict[str, Act], case: Case) -> Sight:
    if case.model not in HEALED:
        return sdks.ask(case)
    first = [acts[case.row]]

    async def once(line: Any) -> None:
        await (first.pop() if first else good)(line)

    bad, well = f"{case.model}-bad", HEALED[case.model]
    upstreams.acts[bad] = once if case.way == "again" else acts[case.row]
    sight = sdks.ask(case)
    if case.way in ("messages", "elsewhere", "again"):  # before its breaker opens
        upstreams.acts[bad] = well
        healed = sdks.ask(Case("", "whole", "chat", case.model))
        assert healed.said == "an answer", (case, healed)
    return sight


def recorded(running: Running, sights: dict[Case, Sight]) -> dict[str, tuple[Any, list[Any]]]:
    """The ledger's rows of each request: of the request, and of its attempts."""
    ids = {sight.headers["x-request-id"] for sight in sights.values()}
    engine = sqlalchemy.create_engine(f"sqlite:///{running.state_dir}/ledger.sqlite")
    until = time.monotonic() + PATIENCE_S
    try:
        while True:
            with engine.connect() as open_:
                requests = {row.request_id: row for row in open_.execute(sqlalchemy.text("select * from requests"))}
                attempts = list(open_.execute(sqlalchemy.text("select * from attempts order by number")))
            if ids <= requests.keys():
                break
            assert time.monotonic() < until, ids - requests.keys()
            time.sleep(0.1)
    finally:
        engine.dispose()
    return {id: (requests[id], [each for each in attempts if each.request_id == id]) for id in ids}


def _rows(sights: dict[Case, Sight], ledger: dict[str, tuple[Any, list[Any]]]) -> dict[str, dict[str, dict[str, Any]]]:
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for case, sight in sights.items():
        request, attempts = ledger[sight.headers["x-request-id"]]
        row = rows.setdefault(case.row, {}).setdefault(case.form, {})
        if case.way in DIALECTS:
            row[case.way] = sight.said
        else:
            row[case.way] = f"{len(attempts)} asked: {sight.said}"
        if case.way == "chat":
            row["sdk_asks_again"] = _asks_again(sight)
            row["recorded"] = " ".join([request.outcome, *(f"({each.failure or each.outcome})" for each in attempts)])
            row["billed"] = _billed(attempts)
    return rows


def _asks_again(sight: Sight) -> bool:
    """By the rules that the official SDKs have in common."""
    if sight.headers.get("x-should-retry") == "false" or not sight.said[:1].isupper():
        return False
    status = int(next(filter(str.isdigit, sight.said.split()), "0"))
    return status in (408, 409, 429) or status >= 500


def _billed(attempts: list[Any]) -> str:
    if not any(each.cost_usd and float(each.cost_usd) for each in attempts):
        return "nothing"
    usage = attempts[0]
    if not usage.estimated:
        return "as reported"
    return "what came" if usage.output_tokens else "the prompt"
