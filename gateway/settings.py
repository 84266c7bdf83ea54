"""Every setting that comes from the environment; the only reader of it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

_log = logging.getLogger("gateway")
SHORTEST_TOKEN = 16  # characters
STDOUT = "-"  # in place of a file


class BadSetting(ValueError):
    """A variable that cannot be used; the text names it and the way out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """At most 32; each is the variable `GATEWAY_` + its name in capitals."""

    policies: Path = Path("policies")  # the policy folder
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    redis_url: str | None = None  # shared budgets, rate limits, freezes, kept answers
    database_url: str | None = None  # the ledger; None: SQLite in the state folder
    admin_token: str | None = None  # None: /admin does not exist, the console gets a random token
    metrics_token: str | None = None  # needed for /metrics unless bound to loopback
    secret: str | None = None  # seals ids of what vendors keep, alike on all replicas; None: one in the state folder
    state_dir: Path = Path(".gateway")  # with `access_log` the only path written
    journal_bytes: int = 1 << 30  # of the state folder's journals; beyond it requests are served, not recorded
    cache_bytes: int = 64 << 20  # of answers that routes keep: of each worker, or in all in Redis
    max_body_bytes: int = 20_000_000
    drain_s: float = 30.0  # how long running requests may take to finish at shutdown
    log_level: str = "info"
    log_format: Literal["text", "json"] = "text"
    access_log: str | None = None  # a file for a line a request, `-` for standard output; None: no such log
    keep_alive_s: float = 75.0  # how long an idle connection of a caller stays open: longer than a load balancer's
    cors_origins: tuple[str, ...] = ()  # of pages that may read replies; `*`: all
    control: bool = True  # GATEWAY_CONTROL=off: workers alone
    control_host: str = "127.0.0.1"  # of the console, the API beneath /api and /metrics
    control_port: int | None = None  # None: the port of the gateway and one
    oidc_issuer: str | None = None  # the identity provider that administrators sign in at
    oidc_client_id: str | None = None  # what it knows this gateway by
    oidc_client_secret: str | None = None  # None: a client without one, by PKCE alone
    tls_cert: str | None = None  # of callers' listener, with its chain (PEM), read again when it changes; None: no TLS
    tls_key: str | None = None  # its key (PEM); None: it stands with the certificate
    tls_client_ca: str | None = None  # authorities of callers, who have to show a certificate then
    control_tls_cert: str | None = None  # the same of the control listener
    control_tls_key: str | None = None
    control_tls_client_ca: str | None = None
    control_url: str | None = None  # what browsers and scrapers call it by; beyond loopback its host name is let in

    @property
    def control_address(self) -> tuple[str, int]:
        """Host and port of the control listener. Raises BadSetting where the default is no port."""
        if self.control_port is not None:
            return self.control_host, self.control_port
        if self.port == 65535:
            raise BadSetting("the port after 65535 is none: name the console's with GATEWAY_CONTROL_PORT")
        return self.control_host, self.port + 1 if self.port else 0

    @property
    def control_is_local(self) -> bool:
        """True if only this machine reaches the control listener."""
        return is_loopback(self.control_host)


def is_loopback(host: str) -> bool:
    """Of an address or a name to listen on."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises BadSetting."""
    given = os.environ if environment is None else environment
    defaults = Settings()
    return Settings(
        policies=Path(_text(given, "POLICIES") or defaults.policies),
        host=_text(given, "HOST") or defaults.host,
        port=int(_number(given, "PORT", defaults.port, 0, 65535)),
        workers=int(_number(given, "WORKERS", defaults.workers, 1, 256)),
        redis_url=_text(given, "REDIS_URL"),
        database_url=_text(given, "DATABASE_URL"),
        admin_token=_secret(given, "ADMIN_TOKEN"),
        metrics_token=_secret(given, "METRICS_TOKEN"),
        secret=_secret(given, "SECRET"),
        state_dir=Path(_text(given, "STATE_DIR") or defaults.state_dir),
        journal_bytes=int(_number(given, "JOURNAL_BYTES", defaults.journal_bytes, 1 << 20, 1 << 44)),
        cache_bytes=int(_number(given, "CACHE_BYTES", defaults.cache_bytes, 0, 1 << 40)),
        max_body_bytes=int(_number(given, "MAX_BODY_BYTES", defaults.max_body_bytes, 1024, 1 << 30)),
        drain_s=_number(given, "DRAIN_S", defaults.drain_s, 0, 3600),
        log_level=_one_of(given, "LOG_LEVEL", defaults.log_level, ("debug", "info", "warning", "error")),
        log_format="json" if _one_of(given, "LOG_FORMAT", defaults.log_format, ("text", "json")) == "json" else "text",
        access_log=_text(given, "ACCESS_LOG"),
        keep_alive_s=_number(given, "KEEP_ALIVE_S", defaults.keep_alive_s, 1, 3600),
        cors_origins=_origins(given),
        control=_one_of(given, "CONTROL", "on", ("on", "off")) == "on",
        control_host=_text(given, "CONTROL_HOST") or defaults.control_host,
        control_port=_port(given, "CONTROL_PORT"),
        oidc_issuer=_text(given, "OIDC_ISSUER"),
        oidc_client_id=_text(given, "OIDC_CLIENT_ID"),
        oidc_client_secret=_text(given, "OIDC_CLIENT_SECRET"),
        control_url=_text(given, "CONTROL_URL"),
        **_tls(given, "TLS"),
        **_tls(given, "CONTROL_TLS"),
    )


def vendor_key(variable: str) -> str | None:
    """The key of a vendor, from the variable that its catalogue row names; None if unset, blank or no header's text."""
    key = os.environ.get(variable, "").strip()
    if key and not (key.isascii() and key.isprintable()):
        _log.error("%s holds a key that no header can carry: its endpoints are passed over", variable)
        return None
    return key or None


def trust_variables() -> dict[str, str]:
    """Where the machine's own certificates lie, if not where the system keeps them."""
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def https_proxy() -> str | None:
    """For the endpoints that say `proxy: true`, and nothing else."""
    return os.environ.get("HTTPS_PROXY", "").strip() or os.environ.get("https_proxy", "").strip() or None


def peer_variable(name: str) -> str | None:
    """What another gateway's configuration reads from the environment; None if unset or blank."""
    try:
        return os.environ.get(name, "").strip() or None
    except ValueError:  # no name of a variable
        return None


def environment_with(**settings: str) -> dict[str, str]:
    """For a gateway that a command starts: vendors' keys and the like as here, of our settings these alone."""
    ours = {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    kept = {n: v for n, v in os.environ.items() if not n.startswith("GATEWAY_") or n.startswith("GATEWAY_KEY_")}
    return kept | ours


def wants_tracing() -> bool:
    """True if the OTEL_* variables name a collector."""
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return not off and any(os.environ.get(name, "").strip() for name in names)


def _text(given: Mapping[str, str], name: str) -> str | None:
    return given.get(f"GATEWAY_{name}", "").strip() or None


def _tls(given: Mapping[str, str], name: str) -> dict[str, str | None]:
    found = {part: _text(given, f"{name}_{part}") for part in ("CERT", "KEY", "CLIENT_CA")}
    if found["CERT"] is None and (alone := next((part for part, said in found.items() if said), None)) is not None:
        raise BadSetting(f"GATEWAY_{name}_{alone} says nothing without GATEWAY_{name}_CERT, the certificate (PEM)")
    return {f"{name}_{part}".lower(): said for part, said in found.items()}


def _port(given: Mapping[str, str], name: str) -> int | None:
    return int(_number(given, name, 0, 0, 65535)) if _text(given, name) else None


def _secret(given: Mapping[str, str], name: str) -> str | None:
    """Raises BadSetting, which does not repeat it, for what can be guessed."""
    text = _text(given, name)
    if text is not None and (len(text) < SHORTEST_TOKEN or len(set(text)) < SHORTEST_TOKEN // 3):
        way_out = "`openssl rand -base64 24` makes a good one; unset, none is needed on loopback"
        raise BadSetting(
            f"GATEWAY_{name} can be guessed; give it {SHORTEST_TOKEN} mixed characters at least: {way_out}"
        )
    return text


def _number(given: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = _text(given, name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        raise BadSetting(f"GATEWAY_{name} is {text!r}; it takes a number from {low:g} to {high:g}") from None
    if not low <= number <= high:
        raise BadSetting(f"GATEWAY_{name} is {text}; it takes a number from {low:g} to {high:g}")
    return number


def _origins(given: Mapping[str, str]) -> tuple[str, ...]:
    origins = tuple((_text(given, "CORS_ORIGINS") or "").replace(",", " ").split())
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[^/\s]+", origin):
            raise BadSetting(
                f"GATEWAY_CORS_ORIGINS holds {origin!r}; an origin is written `https://app.example.com`, without a path"
            )
    return origins


def _one_of(given: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    text = _text(given, name) or default
    if text not in choices:
        raise BadSetting(f"GATEWAY_{name} is {text!r}; it takes one of {', '.join(choices)}")
    return text
