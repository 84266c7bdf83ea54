"""The one owner of litellm: one request of Chat in the wire of its endpoint, with all that litellm does besides off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import litellm
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler
from openai import OpenAIError

from gateway.adapter import logins
from gateway.adapter.egress import Egress
from gateway.adapter.transport import CALL, Call, Guarded
from gateway.catalog.wires import WIRES
from gateway.upstreams.adapted import CHAT

_OFF: Final = {"max_retries": 0, "num_retries": 0, "fallbacks": None, "caching": False, "drop_params": False}
_EMBEDS: Final = {"bedrock": "bedrock", "cohere": "cohere"}  # litellm's other roads for embeddings
_transport = Guarded()


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom the gateway's permit names, and with which login."""

    api: str
    model: str
    base_url: str
    login: Mapping[str, str]

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""


def settle_in() -> None:
    """Once a process, before the first call."""
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = False
    litellm.modify_params = False
    litellm.cache = None
    litellm.num_retries = 0
    litellm.callbacks = []
    litellm.success_callback = []
    litellm.failure_callback = []
    litellm.turn_off_message_logging = True
    litellm.add_function_to_prompt = False
    AsyncHTTPHandler.create_client = _client


async def warm_up() -> None:
    """The first call by a road loads much of litellm and of a cloud's library: here one that leaves for nowhere."""
    made = {"bedrock": {"aws_access_key_id": "-", "aws_secret_access_key": "-", "aws_region_name": "us-east-1"}}
    for api in ("bedrock", "gemini", "cohere"):
        nowhere = Asked(api, "none", "http://127.0.0.1:1", made.get(api, {"api_key": "-"}))
        with suppress(OpenAIError):  # which all of litellm's are
            await ask(nowhere, {"messages": [{"role": "user", "content": "-"}]}, None, Call(frozenset()))


def _client(self: Any, *rest: Any, **more: Any) -> Any:
    """In the place of litellm's: some of its roads take no client of ours."""
    import httpx

    return httpx.AsyncClient(transport=_transport, follow_redirects=False, trust_env=False, timeout=None)


async def ask(asked: Asked, fields: Mapping[str, Any], egress: Egress | None, call: Call) -> Any:
    """A whole reply, or an iterator of chunks if the request asks for a stream. Raises what litellm raises.

    `egress`: is told of the call's hosts; None: there are none.
    """
    if egress is not None:
        for host in call.hosts:
            egress.allow(host)
    CALL.set(call)
    taken = {name: value for name, value in fields.items() if name in CHAT and name != "model" and value is not None}
    login = await logins.arguments(asked.api, asked.login)
    return await litellm.acompletion(
        model=f"{WIRES[asked.api].route}/{asked.model}",
        client=AsyncHTTPHandler(follow_redirects=False),
        timeout=3600.0,  # the gateway keeps the time: it leaves
        **taken,
        **login,
        **_address(asked),
        **_OFF,
    )


async def embed(asked: Asked, fields: Mapping[str, Any], egress: Egress | None, call: Call) -> Any:
    """Vectors of texts. Raises what litellm raises."""
    if egress is not None:
        for host in call.hosts:
            egress.allow(host)
    CALL.set(call)
    login = await logins.arguments(asked.api, asked.login)
    given = fields["input"]
    return await litellm.aembedding(
        model=f"{_EMBEDS.get(asked.api) or WIRES[asked.api].route}/{asked.model}",
        input=[given] if isinstance(given, str) else given,
        client=AsyncHTTPHandler(follow_redirects=False),
        timeout=3600.0,
        **{name: fields[name] for name in ("dimensions", "user") if fields.get(name) is not None},
        **login,
        **_embedding_address(asked),
        **_OFF,
    )


def _embedding_address(asked: Asked) -> dict[str, str]:
    base = asked.base_url
    if asked.api == "cohere" and not base.endswith("/embed"):
        return {"api_base": f"{base}/embed" if base.endswith("/v2") else f"{base}/v2/embed"}
    return _address(asked)


def call_of(asked: Asked) -> Call:
    """Raises ValueError for a login that is none."""
    hosts = frozenset({asked.host, *logins.hosts(asked.api, asked.login)})
    return Call(hosts, api=asked.api)


def _address(asked: Asked) -> dict[str, str]:
    """Where it is, in litellm's words."""
    base = asked.base_url
    if asked.api == "bedrock":
        return {"aws_bedrock_runtime_endpoint": base}
    if asked.api == "gemini" and not urlsplit(base).path.strip("/"):
        return {"api_base": f"{base}/v1beta"}
    if asked.api == "cohere" and not base.endswith("/chat"):
        return {"api_base": f"{base}/chat" if base.endswith("/v2") else f"{base}/v2/chat"}
    return {"api_base": base}


async def chunks(reply: Any) -> AsyncIterator[Any]:
    """Of a stream. Raises EOFError where the vendor ended without a finish reason: litellm would make one up."""
    async for chunk in reply:
        ends = any(choice.finish_reason for choice in chunk.choices)
        if ends and not (reply.received_finish_reason or reply.intermittent_finish_reason):
            raise EOFError
        yield chunk


def unsupported(wrong: BaseException) -> bool:
    """True if a field of the request has no place in the endpoint's wire."""
    return isinstance(wrong, litellm.UnsupportedParamsError)


def at_fault(wrong: BaseException) -> bool:
    """True if litellm could make nothing of the request itself."""
    return isinstance(wrong, litellm.BadRequestError)
