"""What a call's login means to litellm, and where it is made.

Short-lived tokens of clouds are kept, in memory alone, until they end.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from time import time
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

_GOOGLE: Final = ("token_uri", "token_url", "service_account_impersonation_url")
_IBM: Final = "https://iam.cloud.ibm.com"
_OF_IBM: Final = ("project_id", "space_id")  # what a request names beside its token
_BEFORE_END_S = 300.0
_SESSION: Final = "entrepot"
_kept: dict[str, tuple[float, dict[str, str]]] = {}  # by the digest of a login: until when it holds, and what it is


class Refused(Exception):
    """Who makes logins said no."""


def hosts(api: str, login: Mapping[str, str]) -> frozenset[str]:
    """Where a token is fetched before the endpoint is asked."""
    if api == "watsonx":
        return frozenset({urlsplit(_iam(login)).hostname or ""})
    if api == "bedrock" and "aws_role_name" in login:
        return frozenset({urlsplit(_sts(login)).hostname or ""})
    if api in ("vertex", "vertex_ai"):
        return frozenset(_google(login.get("vertex_credentials", "")))
    return frozenset()


def _google(text: str) -> set[str]:
    """Of a service account's file, or of workload identity. Raises ValueError for what is neither."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("no file of Google's credentials")
    named = (urlsplit(str(document[name])).hostname for name in _GOOGLE if document.get(name))
    return {host for host in named if host}


def _sts(login: Mapping[str, str]) -> str:
    return login.get("aws_sts_endpoint") or f"https://sts.{login.get('aws_region_name', 'us-east-1')}.amazonaws.com"


def _iam(login: Mapping[str, str]) -> str:
    return login.get("iam_url") or _IBM


async def arguments(api: str, login: Mapping[str, str]) -> dict[str, Any]:
    """What litellm takes of it. Raises Refused."""
    if api == "watsonx":  # litellm would ask for the token itself, and let all other requests wait
        place = {name: login[name] for name in _OF_IBM if name in login}
        return {**place, "extra_headers": await _bearer(dict(login))}
    if api == "bedrock" and "aws_role_name" in login:
        return await asyncio.to_thread(_assume, dict(login))
    return dict(login)


async def _bearer(login: dict[str, str]) -> dict[str, str]:
    """The header with IBM's token, which an API key gets for an hour."""
    name = _digest(login)
    if (made := _still_good(name)) is not None:
        return made
    asked = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": login["api_key"]}
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=10) as client:
        reply = await client.post(f"{_iam(login).rstrip('/')}/identity/token", data=asked)
    try:
        found = reply.json() if reply.is_success else {}
        made, lasts_s = {"Authorization": f"Bearer {found['access_token']}"}, float(found["expires_in"])
    except (ValueError, KeyError, TypeError):
        raise Refused from None
    _keep(name, time() + lasts_s, made)
    return made


def _digest(login: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(login, sort_keys=True).encode()).hexdigest()


def _still_good(name: str) -> dict[str, str] | None:
    ends, made = _kept.get(name, (0.0, {}))
    return made if ends - time() > _BEFORE_END_S else None


def _keep(name: str, ends: float, made: dict[str, str]) -> None:
    for old in [each for each, (end, _) in _kept.items() if end < time()]:
        del _kept[old]
    _kept[name] = (ends, made)


def _assume(login: dict[str, str]) -> dict[str, str]:
    """The role's own keys, by a token of workload identity or by keys that may assume it."""
    name = _digest(login)
    if (made := _still_good(name)) is not None:
        return made
    found = _asked(login)["Credentials"]
    made = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
        "aws_region_name": login["aws_region_name"],
    }
    _keep(name, found["Expiration"].timestamp(), made)
    return made


def _asked(login: dict[str, str]) -> Any:
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config

    token = login.get("aws_web_identity_token")
    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}, proxies={})
    client = botocore.session.Session().create_client(
        "sts",
        region_name=login["aws_region_name"],
        endpoint_url=_sts(login),
        config=config.merge(Config(signature_version=UNSIGNED)) if token else config,
        aws_access_key_id=login.get("aws_access_key_id"),
        aws_secret_access_key=login.get("aws_secret_access_key"),
        aws_session_token=login.get("aws_session_token"),
    )
    role = {"RoleArn": login["aws_role_name"], "RoleSessionName": login.get("aws_session_name", _SESSION)}
    if token:
        return client.assume_role_with_web_identity(**role, WebIdentityToken=token)
    return client.assume_role(**role)
