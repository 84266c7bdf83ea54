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


def bodies(folder: Path) -> dict[str, Path]:
    """The requests, by name; prompts of about 2 KB."""
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
        made[name].write_text(json.dumps({"model": "fake", "messages": messages, **extra}))
    return made


def ours(policy: str, *, tls: bool = False) -> Callable[[Place], Start]:
    """The gateway with one of the bench's policy folders."""

    def start(place: Place) -> Start:
        folder = place.folder / "policies"
        shutil.copytree(build.HERE / "policies", folder)
        rows = folder / "catalog" / "catalog.yaml"
        base = f"https://localhost:{place.upstream_tls}" if tls else f"http://127.0.0.1:{place.upstream}"
        rows.write_text(rows.read_text().replace("http://127.0.0.1:9000", base))
        command = [sys.executable, "-m", "gateway", "serve", "--policies", folder / policy, "--port", str(place.port)]
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
    Contestant("nginx", nginx),
    Contestant("litellm", litellm, many_streams=False),
    Contestant("portkey", portkey, many_streams=False),
    Contestant("ours-tls", ours("plain", tls=True)),
    Contestant("nginx-tls", lambda place: nginx(place, tls=True)),
)
