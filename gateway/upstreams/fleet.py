"""Speaks to endpoints in their wires: bytes through, only `model` and the usage option of a stream rewritten."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time
from urllib.parse import quote

import msgspec

from gateway.catalog.address import address_of
from gateway.catalog.facts import Catalog, Endpoint, KeySource
from gateway.catalog.rows import Reasoning
from gateway.catalog.thinking import reasoning_of
from gateway.catalog.wires import PUBLIC
from gateway.interfaces import served
from gateway.outcome.spans import traceparent
from gateway.policy.capability import SPOKEN
from gateway.policy.in_force import InForce, objection
from gateway.policy.permit import Permit
from gateway.request import Fields, Request
from gateway.upstreams import adapter
from gateway.upstreams.additions import UsageOption
from gateway.upstreams.connecting import DIRECT, Way, directly
from gateway.upstreams.dialect_headers import VERSION
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1 import Client, Reply, Target, header_lines
from gateway.upstreams.logins import Logins
from gateway.upstreams.reasoning import in_their_words
from gateway.upstreams.redaction import Redactor

CONNECT_S = 5.0
SECRET_CHARS = 16  # of a key: what is shorter could be a word of an answer

_encode = msgspec.json.Encoder().encode
_JSON = header_lines({"content-type": "application/json", "accept": "application/json, text/event-stream"})
_VERSION = header_lines({"anthropic-version": VERSION})
_SOUND = header_lines({"content-type": "application/json", "accept": "*/*"})
_KEY_HEADERS = {"anthropic": "x-api-key", "azure": "api-key"}  # by wire; others take a bearer
_USAGE_OPTION = msgspec.Raw(b'{"include_usage":true}')


@dataclass(frozen=True, slots=True)
class UpstreamTarget:
    """One replica of an endpoint, ready to be asked."""

    targets: Mapping[str, Target]  # by the path below the base_url
    headers: bytes  # but those of the content
    model: msgspec.Raw | None  # None: the name that the caller asked for
    upstream_model: str
    reasoning: Reasoning | None  # how this vendor is told to think
    own: bool  # a machine of ours, which may know of our traces
    secret: bytes | None  # our key there, where it is long enough to be one
    adapted: bool = False  # the adapter process is asked instead, and told our login with each request


class Fleet:
    """The doors of every endpoint that we can speak to and have the key of."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        key_of: Callable[[KeySource], str | None],
        client: Client,
        in_force: InForce,
        tracing: bool = False,
        adapter_socket: Path | None = None,
        way_to: Callable[[Endpoint], Way | None] = directly,
    ):
        """`in_force`: asked before every write; `tracing`: own machines are told whose span theirs belongs under.

        `adapter_socket`: of the process that speaks the wires which we do not; None: there is none.
        `way_to`: how connections are made to an endpoint; None: they cannot be.
        """
        self._client = client
        self._in_force = in_force
        self._tracing = tracing
        self.usage_option = UsageOption()
        self._logins = Logins(key_of)
        self._socket = adapter_socket
        sources = {source for endpoint in catalog.endpoints.values() for source in endpoint.keys}
        keys = {key for source in sources if (key := key_of(source)) is not None}
        self._doors: dict[int, dict[int, UpstreamTarget]] = {}
        self._wayless: set[int] = set()
        for endpoint in catalog.endpoints.values():
            reasoning = reasoning_of(catalog, endpoint)
            way = way_to(endpoint)
            if way is None:
                self._wayless.add(endpoint.index)
                continue
            if way.secret is not None:
                keys.add(way.secret.partition(":")[2])
            doors = self._adapted(endpoint, keys) if endpoint.adapted else _replicas(endpoint, key_of, reasoning, way)
            if doors:
                self._doors[endpoint.index] = doors
        self.redactor = Redactor(keys)

    def reaches(self, endpoint: Endpoint) -> bool:
        """True if a key of the endpoint is there and its wire is spoken, by us or by the adapter that runs."""
        return endpoint.index in self._doors and (not endpoint.adapted or self.adapter_runs())

    def awaits_adapter(self, endpoint: Endpoint) -> bool:
        """True if nothing but the adapter process is missing."""
        return endpoint.adapted and endpoint.index in self._doors and not self.adapter_runs()

    def lacks_way(self, endpoint: Endpoint) -> bool:
        """True if its proxy, its authorities or our certificate there cannot be used."""
        return endpoint.index in self._wayless

    def adapter_runs(self) -> bool:
        """True from when it takes requests until its parent has seen it end."""
        return self._socket is not None and os.path.exists(self._socket)

    @property
    def adapter_lost(self) -> bool:
        """True if endpoints are asked by way of the adapter process, and it does not run."""
        doors = (door for doors in self._doors.values() for door in doors.values())
        return any(door.adapted for door in doors) and not self.adapter_runs()

    def _adapted(self, endpoint: Endpoint, keys: set[str]) -> dict[int, UpstreamTarget]:
        """Its one replica; none if its login is not there. The words of it that no reply may repeat go to `keys`."""
        login = self._logins.of(endpoint) if endpoint.enabled else None
        if login is None or self._socket is None:
            return {}
        secrets = [text for part, text in login.items() if part not in PUBLIC and "\n" not in text and "{" not in text]
        keys.update(secrets)
        longest = max(secrets, key=len, default="").encode()
        door = UpstreamTarget(
            targets={path: adapter.target(str(self._socket), path) for path in adapter.PATHS},
            headers=b"",
            model=msgspec.Raw(_encode(endpoint.upstream_model)),
            upstream_model=endpoint.upstream_model,
            reasoning=None,
            own=False,
            secret=longest if len(longest) >= SECRET_CHARS else None,
            adapted=True,
        )
        return {0: door}

    def replicas(self, endpoint: Endpoint) -> Collection[int]:
        """Numbers of those of its replicas whose key is there."""
        return self._doors.get(endpoint.index, {}).keys()

    def secret(self, endpoint: Endpoint, replica: int) -> bytes | None:
        """Our key at this endpoint, which no reply of its may repeat."""
        return self._doors[endpoint.index][replica].secret

    def adds_usage(self, endpoint: Endpoint, request: Request) -> bool:
        """True if the endpoint is asked for the usage of a stream though the caller did not ask."""
        if not request.stream or request.include_usage or not request.interface.writes or endpoint.dialect != "openai":
            return False
        return endpoint.takes_usage_option and endpoint.index not in self.usage_option.refused

    async def send(
        self,
        permit: Permit,
        request: Request,
        *,
        replica: int = 0,
        started: float,
        first_byte_s: float,
        before_write: Callable[[], object],
    ) -> Reply:
        """Returns when the reply's headers are there. Raises UpstreamFault. `started`: monotonic seconds.

        What is in force is asked just before the first byte leaves: a connection may have taken seconds.
        """

        def leaves() -> None:
            self._check(permit)
            before_write()

        self._check(permit)

        door = self._doors[permit.use().index][replica]
        content, body = _content(request, door, add_usage=self.adds_usage(permit.endpoint, request))
        headers = content + door.headers
        if self._tracing and door.own:
            headers += header_lines({"traceparent": traceparent(request.arrival, attempt=started)})
        if request.arrival.options:
            headers = _with_options(headers, dict(request.arrival.options))
        try:
            return await self._client.send(
                target=door.targets[request.interface.upstream_path],
                headers=headers,
                body=self._enveloped(permit.endpoint, body) if door.adapted else body,
                connect_s=min(CONNECT_S, first_byte_s),
                first_byte_s=first_byte_s,
                before_write=leaves,
            )
        except UpstreamFault as fault:
            raise blame(permit.endpoint, fault) from None

    def _enveloped(self, endpoint: Endpoint, body: bytes) -> bytes:
        """With the login of now: files may have changed. Raises UpstreamFault if it is gone."""
        login = self._logins.of(endpoint)
        if login is None:
            raise UpstreamFault("adapter", "what logs in there is not found any more")
        return adapter.envelope(endpoint, login, body)

    def _check(self, permit: Permit) -> None:
        """Raises UpstreamFault for what is forbidden by now."""
        if (found := objection(permit, self._in_force, time())) is not None:
            raise UpstreamFault("frozen" if found.by_freeze else "forbidden", found.words)


def _with_options(headers: bytes, options: Mapping[str, str]) -> bytes:
    """With what the caller chose, the version of Messages in the usual one's place."""
    if "anthropic-version" in options:
        headers = headers.replace(_VERSION, b"")
    return headers + header_lines(options)


def _content(request: Request, door: UpstreamTarget, *, add_usage: bool) -> tuple[bytes, bytes]:
    """The headers of a body, and the body: of a form, all but the name of the model as it came."""
    if request.form is not None:
        lines = header_lines({"content-type": request.form.content_type, "accept": "*/*"})
        return lines, request.form.with_value("model", (door.upstream_model if door.model else request.model).encode())
    lines = _SOUND if request.interface.spoken else _JSON
    return lines, _encode(_outgoing(request, door, add_usage=add_usage))


def blame(endpoint: Endpoint, fault: UpstreamFault) -> UpstreamFault:
    """The adapter process, not the endpoint, for a connection between us and it that is not there or broke."""
    if endpoint.adapted and fault.kind in ("connect", "closed", "protocol"):
        return UpstreamFault("adapter", "the process that speaks its wire has ended, and is started again")
    return fault


def _outgoing(request: Request, door: UpstreamTarget, *, add_usage: bool) -> Fields:
    fields = {**request.fields, "model": door.model or msgspec.Raw(_encode(request.model))}
    if add_usage:
        given = request.fields.get("stream_options")
        fields["stream_options"] = _with_usage(given) if given is not None else _USAGE_OPTION
    return in_their_words(door.reasoning, fields) if door.reasoning and request.interface.reasons else fields


def _with_usage(given: msgspec.Raw) -> msgspec.Raw:
    options = msgspec.json.decode(given, type=Fields | None) or {}
    return msgspec.Raw(_encode({**options, "include_usage": True}))


def _replicas(
    endpoint: Endpoint, key_of: Callable[[KeySource], str | None], reasoning: Reasoning | None, way: Way
) -> dict[int, UpstreamTarget]:
    """By number; those whose key is there. None of an endpoint that is not enabled, or whose wire we do not speak."""
    if endpoint.api not in SPOKEN or not endpoint.enabled:
        return {}
    found = {}
    for number, replica in enumerate(endpoint.replicas):
        key = key_of(replica.key) if replica.key is not None else None
        if replica.key is None or key is not None:
            found[number] = _target(endpoint, replica.base_url, key, reasoning, way)
    return found


def _target(
    endpoint: Endpoint, base_url: str, key: str | None, reasoning: Reasoning | None, way: Way = DIRECT
) -> UpstreamTarget:
    headers: dict[str, str] = {}
    if key is not None:
        header = _KEY_HEADERS.get(endpoint.api)
        headers |= {header: key} if header is not None else {"authorization": f"Bearer {key}"}
    if endpoint.api == "anthropic":
        headers["anthropic-version"] = VERSION
    return UpstreamTarget(
        targets={
            path: Target.of(_below(endpoint, base_url), path, endpoint.pin, hop=way.hop, context=way.context)
            for path in {each.upstream_path: None for each in served().values()}
        },
        headers=header_lines(headers),
        model=None if endpoint.passes else msgspec.Raw(_encode(endpoint.upstream_model)),
        upstream_model=endpoint.upstream_model,
        reasoning=reasoning,
        own=endpoint.hosting == "self",
        secret=key.encode() if key is not None and len(key) >= SECRET_CHARS else None,
    )


def _below(endpoint: Endpoint, base_url: str) -> str:
    """Where its paths lie. Azure's: a deployment for a dated `api-version`, else its v1, unless the row says."""
    address = address_of(base_url) if endpoint.api == "azure" else None
    if address is None or address.path:
        return base_url
    dated = "api-version=" in address.query and not address.query.endswith(("=preview", "=v1"))
    path = f"/openai/deployments/{quote(endpoint.upstream_model, safe='')}" if dated else "/openai/v1"
    root, _, query = base_url.partition("?")
    return f"{root.rstrip('/')}{path}" + (f"?{query}" if query else "")
