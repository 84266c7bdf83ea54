"""What logs in at an endpoint: compiled from `credentials:`, with what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from gateway.catalog.address import address_of
from gateway.catalog.facts import Credential, Replica
from gateway.catalog.replicas import KEY_ENV, replicas
from gateway.catalog.shapes import CredentialRow, EndpointRow
from gateway.catalog.sources import Written
from gateway.catalog.wires import ADAPTED, PUBLIC, WIRES, Wire, place_of
from gateway.errors import Problem, nearest

_CLOUD_ENV = re.compile(  # that clouds name themselves
    r"(AWS|GATEWAY)_([A-Z0-9]+_)*"
    r"(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|ROLE_ARN|ROLE_SESSION_NAME|REGION|BEARER_TOKEN_BEDROCK)"
    r"|GOOGLE_CLOUD_(PROJECT|LOCATION)|WATSONX_(APIKEY|PROJECT_ID|SPACE_ID)"
)
_FILE_ENV = re.compile(r"GOOGLE_APPLICATION_CREDENTIALS|AWS_WEB_IDENTITY_TOKEN_FILE|GATEWAY_KEY_[A-Z0-9_]+")
_VERTEX = ("vertex", "vertex_ai")
_NEEDS_PLACE = ("aws_region_name", "vertex_location")


def ways(row: EndpointRow) -> tuple[Replica, ...]:
    """Addresses with keys; of an endpoint where the adapter process logs in, the one address, without a key."""
    found = replicas(row)
    return (Replica(found[0].base_url),) if row.api in ADAPTED else found


def credentials(row: EndpointRow) -> tuple[Credential, ...]:
    """Of each part where it is found, the key's among them, and where the host's name says so, the place."""
    made = [_credential(part, written) for part, written in row.credentials.items()]
    key = replicas(row)[0].key
    if row.api in ADAPTED and key is not None:
        made.append(Credential(WIRES[row.api].key, env=key.env, file=key.file))
    place = _place(row)
    if place is not None and place[0] not in row.credentials:
        made.append(Credential(place[0], value=place[1]))
    return tuple(made)


def _credential(part: str, written: CredentialRow | str) -> Credential:
    if isinstance(written, str):
        return Credential(part, value=written)
    return Credential(part, written.env, written.file, written.file_env)


def _place(row: EndpointRow) -> tuple[str, str] | None:
    try:
        return place_of(row.api, address_of(replicas(row)[0].base_url).host)
    except ValueError:  # told where the address is checked
        return None


def problems(written: Written[EndpointRow]) -> list[Problem]:
    """Everything that keeps this endpoint from being logged in at, or would send a secret where it does not belong."""
    row = written.row
    wire = WIRES.get(row.api)
    if wire is None:
        return []
    if wire.route is None:
        return _needless(written)
    return [
        *_pin(written),
        *_several(written, wire),
        *_unknown(written, wire),
        *_sources(written),
        *_missing(written, wire),
        *_placeless(written),
    ]


def _needless(written: Written[EndpointRow]) -> list[Problem]:
    if not written.row.credentials:
        return []
    message = f"`credentials` are for wires that the adapter speaks; `{written.row.api}` takes one key"
    return [written.problem(message, "credentials", help="name its variable in `key_env`")]


def _pin(written: Written[EndpointRow]) -> list[Problem]:
    if written.row.pin is None:
        return []
    message = f"`pin` cannot be kept for `api: {written.row.api}`: the adapter process connects there, not this gateway"
    return [written.problem(message, "pin", help="leave it out, or use the vendor's own OpenAI-compatible endpoint")]


def _several(written: Written[EndpointRow], wire: Wire) -> Iterator[Problem]:
    row = written.row
    for name, given in (("replicas", row.replicas), ("keys", row.keys)):
        if given is not None and len(given) > 1:
            message = f"`{name}` takes one alone for `api: {row.api}`: the adapter process knows one address and login"
            yield written.problem(message, name, help="make several endpoints of it, like model@operator/region")
    if wire.key in row.credentials and replicas(row)[0].key is not None:
        message = f"`{wire.key}` stands twice: what `key_env`, `key_file` and `keys` name is the same part of the login"
        yield written.problem(message, "credentials", wire.key, help="leave one of them out")


def _unknown(written: Written[EndpointRow], wire: Wire) -> Iterator[Problem]:
    for part in written.row.credentials:
        if part not in wire.parts:
            help_ = nearest(part, wire.parts) or f"it takes {', '.join(sorted(wire.parts))}"
            yield written.problem(f"`{written.row.api}` knows no credential `{part}`", "credentials", part, help=help_)


def _sources(written: Written[EndpointRow]) -> Iterator[Problem]:
    for part, said in written.row.credentials.items():
        if isinstance(said, str):
            if part not in PUBLIC:
                message = f"`{part}` is a secret, which does not stand in a file of policies"
                help_ = "write {env: VARIABLE}, {file: /path} or {file_env: VARIABLE}"
                yield written.problem(message, "credentials", part, help=help_)
            continue
        given = [name for name, value in (("env", said.env), ("file", said.file), ("file_env", said.file_env)) if value]
        if len(given) != 1:
            message = f"`{part}` is found in one place: `env`, `file` or `file_env`"
            yield written.problem(message, "credentials", part)
        yield from _names(written, part, said)


def _names(written: Written[EndpointRow], part: str, said: CredentialRow) -> Iterator[Problem]:
    """Only variables that are made for keys are read: a catalogue of somebody else's may not ask for others."""
    if said.env and not (KEY_ENV.fullmatch(said.env) or _CLOUD_ENV.fullmatch(said.env)):
        message = f"`env` cannot be `{said.env}`: only variables made for keys are read"
        help_ = "a name like `AWS_SECRET_ACCESS_KEY`, `GEMINI_API_KEY` or `GATEWAY_KEY_BEDROCK`"
        yield written.problem(message, "credentials", part, "env", help=help_)
    if said.file_env and not _FILE_ENV.fullmatch(said.file_env):
        message = f"`file_env` cannot be `{said.file_env}`: only variables made for credentials are read"
        help_ = "`GOOGLE_APPLICATION_CREDENTIALS`, `AWS_WEB_IDENTITY_TOKEN_FILE` or a name like `GATEWAY_KEY_FILE`"
        yield written.problem(message, "credentials", part, "file_env", help=help_)
    if said.file and not PurePath(said.file).is_absolute():
        yield written.problem("a file of credentials is named by its whole path", "credentials", part, "file")


def _missing(written: Written[EndpointRow], wire: Wire) -> list[Problem]:
    row = written.row
    given = {*row.credentials, *({wire.key} if replicas(row)[0].key is not None else ())}
    if any(login <= given for login in wire.logins):
        return []
    ways = " or ".join(" + ".join(sorted(login)) for login in wire.logins)
    where = "credentials" if row.credentials else "api"
    return [written.problem(f"nothing logs in at `{row.id}`: `{row.api}` takes {ways}", where, help=_EXAMPLES[row.api])]


def _placeless(written: Written[EndpointRow]) -> list[Problem]:
    row = written.row
    if row.api in _VERTEX and _path(row):
        message = f"`base_url` names the host alone for `api: {row.api}`: project and place are put behind it"
        return [written.problem(message, "base_url", help="leave its path out")]
    part = {"bedrock": _NEEDS_PLACE[0], "vertex": _NEEDS_PLACE[1], "vertex_ai": _NEEDS_PLACE[1]}.get(row.api)
    if part is None or part in row.credentials or _place(row) is not None:
        return []
    message = f"`base_url` does not tell the place that `{row.api}` asks for"
    return [written.problem(message, "base_url", help=f"add it to `credentials`, like `{part}: europe-west1`")]


def _path(row: EndpointRow) -> str:
    try:
        return address_of(replicas(row)[0].base_url).path
    except ValueError:
        return ""


_ONE_KEY = "write `key_env: {}`"
_EXAMPLES: Mapping[str, str] = {
    "bedrock": "write `key_env: AWS_BEDROCK_API_KEY`, or `credentials: {aws_access_key_id: {env: AWS_ACCESS_KEY_ID}, "
    "aws_secret_access_key: {env: AWS_SECRET_ACCESS_KEY}}`",
    "vertex": "write `credentials: {vertex_credentials: {file_env: GOOGLE_APPLICATION_CREDENTIALS}}`",
    "vertex_ai": "write `credentials: {vertex_credentials: {file_env: GOOGLE_APPLICATION_CREDENTIALS}}`",
    "gemini": _ONE_KEY.format("GEMINI_API_KEY"),
    "cohere": _ONE_KEY.format("COHERE_API_KEY"),
    "watsonx": "write `credentials: {api_key: {env: WATSONX_API_KEY}, project_id: {env: WATSONX_PROJECT_ID}}`",
}
