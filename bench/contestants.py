"""Who is measured: how each is started in front of the same upstream, and how it is asked."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import build

KEY = "sk-bench-0123456789abcdef"  # the callers.yaml of the bench's policies holds its hash
PROMPT = (build.HERE / "prompt.txt").read_text().strip()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contestant is started."""

    folder: Path  # its own, empty
    port: int
    upstream: int  # port of the upstream
    upstream_tls: int  # port of the same upstream behind TLS
    control: int = 0  # port of our control listener; 0: any


@dataclass(frozen=True, slots=True)
class Start:
    """How a contestant is started and asked."""

    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: str = ""  # further request headers, each line ended


@dataclass(frozen=True, slots=True)
class Contestant:
    """`start` is None for the upstream itself."""

    name: str
    start: Callable[[Place], Start] | None
    many_streams: bool = True  # can hold 1,000 streams at 50 events a second
    model: str = "fake"  # by which it is asked
    cpu_alone: bool = False  # of no interest but for the CPU of a request


TURNS, TURN = 40, 1_500  # messages of a conversation, and bytes of each: agents send 60 KB again with every turn


def bodies(folder: Path, model: str = "fake") -> dict[str, Path]:
    """The requests, by name; prompts of about 2 KB, but for the `conversation`."""
    stream = {"stream": True, "stream_options": {"include_usage": True}}
    extras = {
        "whole": {},
        "opening": {**stream, "user": "t=0,g=0,n=8"},
        "paced": {**stream, "user": "t=0,g=20,n=100"},
        "slow": {**stream, "user": "t=100,g=250,n=12"},
    }
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}]
    made = {name: folder / f"{name}.json" for name in extras}
    for name, extra in extras.items():
        made[name].write_text(json.dumps({"model": model, "messages": messages, **extra}))
    made["conversation"] = folder / "conversation.json"
    made["conversation"].write_text(json.dumps({"model": model, "messages": conversation()}))
    return made


def conversation() -> list[dict[str, str]]:
    """Turns that differ from each other, the last of them the user's."""
    words = PROMPT.split()
    said = [" ".join([f"{turn + 1}.", *words[turn:], *words[:turn]])[:TURN] for turn in range(TURNS)]
    return [{"role": "user" if turn % 2 else "assistant", "content": text} for turn, text in enumerate(said)]


def ours(policy: str, *, tls: bool = False, workers: int = 1) -> Callable[[Place], Start]:
    """The gateway with one of the bench's policy folders; several workers share the core."""

    def start(place: Place) -> Start:
        folder = place.folder / "policies"
        shutil.copytree(build.HERE / "policies", folder)
        rows = folder / "catalog" / "catalog.yaml"
        base = f"https://localhost:{place.upstream_tls}" if tls else f"http://127.0.0.1:{place.upstream}"
        rows.write_text(rows.read_text().replace("http://127.0.0.1:9000", base))
        command = [sys.executable, "-m", "gateway", "serve", "--policies", folder / policy, "--port", str(place.port)]
        command += ["--workers", str(workers)]
        environment = {
            "PYTHONPATH": str(build.HERE.parent),
            "GATEWAY_STATE_DIR": str(place.folder / "state"),
            "GATEWAY_CONTROL_PORT": str(place.control),
            "GATEWAY_LOG_LEVEL": "warning",
            "SSL_CERT_FILE": str(build.PAPERS / "ca.pem"),
        }
        return Start(command, environment)

    return start


def nginx(place: Place, *, tls: bool = False) -> Start:
    """nginx in front of the upstream, over plain connections or over TLS."""
    trust = f"proxy_ssl_trusted_certificate {build.PAPERS}/ca.pem; proxy_ssl_verify on; proxy_ssl_name localhost;"
    return _nginx(
        place,
        UPSTREAM=str(place.upstream_tls if tls else place.upstream),
        SCHEME="https" if tls else "http",
        TRUST=trust if tls else "",
        LISTEN="reuseport",
        CERTIFICATE="",
    )


def terminator(place: Place) -> Start:
    """nginx as the vendor's TLS front."""
    certificate = f"ssl_certificate {build.PAPERS}/leaf.pem; ssl_certificate_key {build.PAPERS}/leaf.key;"
    return _nginx(
        place, UPSTREAM=str(place.upstream), SCHEME="http", TRUST="", LISTEN="ssl reuseport", CERTIFICATE=certificate
    )


def _nginx(place: Place, **names: str) -> Start:
    conf = _filled("nginx.conf", place, FOLDER=str(place.folder), PORT=str(place.port), **names)
    return Start([build.nginx(), "-p", place.folder, "-c", conf])


def litellm(place: Place) -> Start:
    """LiteLLM's proxy, one worker, in the mode that its documentation names for production."""
    conf = _filled("litellm.yaml", place, UPSTREAM=str(place.upstream), KEY=KEY)
    command = [build.LITELLM / "bin" / "litellm", "--config", conf, "--host", "127.0.0.1", "--port", str(place.port)]
    environment = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    return Start([*command, "--num_workers", "1", "--telemetry", "False"], environment)


def portkey(place: Place) -> Start:
    """Portkey's gateway, told in headers where to go."""
    headers = f"x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:{place.upstream}/v1\r\n"
    return Start(["node", build.portkey(), f"--port={place.port}", "--headless"], {"NODE_ENV": "production"}, headers)


def ferro(place: Place) -> Start:
    """Ferro Labs' gateway on one core, without a limit of requests."""
    address = f"127.0.0.1:{place.port}"
    environment = {"OPENAI_BASE_URL": f"http://127.0.0.1:{place.upstream}", "OPENAI_API_KEY": "x", "MASTER_KEY": KEY}
    limits = {"GOMAXPROCS": "1", "RATE_LIMIT_RPS": "1000000", "RATE_LIMIT_BURST": "1000000", "LOG_LEVEL": "error"}
    return Start([build.ferro(), "serve"], {**environment, **limits, "PORT": str(place.port), "SERVER_ADDR": address})


def vllm_router(place: Place) -> Start:
    """vLLM's router in front of one server; it checks no keys."""
    command = [build.vllm_router(), "--host", "127.0.0.1", "--port", str(place.port), "--policy", "round_robin"]
    command += ["--worker-urls", f"http://127.0.0.1:{place.upstream}", "--prometheus-port", str(place.control)]
    return Start([*command, "--log-level", "warning"])


def _filled(name: str, place: Place, **values: str) -> Path:
    text = (build.HERE / "peers" / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    made = place.folder / name
    made.write_text(text)
    return made


ALL: tuple[Contestant, ...] = (
    Contestant("direct", None),
    Contestant("ours", ours("plain")),
    Contestant("ours-full", ours("full")),
    Contestant("ours-2", ours("plain", workers=2), cpu_alone=True),
    Contestant("ours-full-2", ours("full", workers=2), cpu_alone=True),
    Contestant("ferro", ferro, model="gpt-4o"),
    Contestant("vllm-router", vllm_router),
    Contestant("nginx", nginx),
    Contestant("litellm", litellm, many_streams=False),
    Contestant("portkey", portkey, many_streams=False),
    Contestant("ours-tls", ours("plain", tls=True)),
    Contestant("nginx-tls", lambda place: nginx(place, tls=True)),
)
