"""The wires of endpoints, by the word of their `api:`: what is said on each, who speaks it, what logs in. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

KEY: Final = "api_key"
PUBLIC: Final = frozenset(  # parts that are no secrets: they may stand in a file of policies
    {
        "aws_region_name",
        "aws_role_name",
        "aws_session_name",
        "aws_sts_endpoint",
        "vertex_project",
        "vertex_location",
        "project_id",
        "space_id",
        "iam_url",
    }
)


@dataclass(frozen=True, slots=True)
class Wire:
    """One way to be asked."""

    dialect: str  # of what we say: openai, openai_responses or anthropic
    route: str | None = None  # by which the adapter process reaches it; None: we speak it ourselves
    logins: tuple[frozenset[str], ...] = ()  # sets of parts, each of which is enough
    besides: frozenset[str] = frozenset()  # parts that may stand beside them
    key: str = KEY  # the part that `key_env` names

    @property
    def parts(self) -> frozenset[str]:
        """All that `credentials:` may name."""
        return frozenset().union(self.besides, *self.logins)


_VERTEX = Wire(
    "openai",
    route="vertex_ai",
    logins=(frozenset({"vertex_credentials"}),),
    besides=frozenset({"vertex_project", "vertex_location"}),
    key="vertex_credentials",
)
WIRES: Final[Mapping[str, Wire]] = {
    "openai": Wire("openai"),
    "openai_responses": Wire("openai_responses"),
    "anthropic": Wire("anthropic"),
    "azure": Wire("openai"),  # OpenAI's own, with `api-version` and the header `api-key`
    "bedrock": Wire(
        "openai",
        route="bedrock/converse",
        logins=(
            frozenset({KEY}),
            frozenset({"aws_access_key_id", "aws_secret_access_key"}),
            frozenset({"aws_web_identity_token", "aws_role_name"}),
        ),
        besides=frozenset(
            {"aws_session_token", "aws_region_name", "aws_role_name", "aws_session_name", "aws_sts_endpoint"}
        ),
    ),
    "vertex": _VERTEX,
    "vertex_ai": _VERTEX,
    "gemini": Wire("openai", route="gemini", logins=(frozenset({KEY}),)),
    "cohere": Wire("openai", route="cohere_chat", logins=(frozenset({KEY}),)),
    "watsonx": Wire(
        "openai",
        route="watsonx",
        logins=(frozenset({KEY, "project_id"}), frozenset({KEY, "space_id"})),
        besides=frozenset({"iam_url"}),
    ),
}
EMBEDS: Final = frozenset({"bedrock", "gemini", "cohere"})  # of those that the adapter speaks
ADAPTED: Final = frozenset(api for api, wire in WIRES.items() if wire.route is not None)
_REGION = re.compile(r"bedrock-runtime(?:-fips)?\.([a-z]{2,}(?:-[a-z]+)+-\d)\.")
_LOCATION = re.compile(r"(?:([a-z]+(?:-[a-z]+\d+)?)-)?aiplatform\.(?:([a-z]+)\.rep\.)?googleapis\.com")


def dialect_of(api: str) -> str:
    """Of what is said to an endpoint; of a word that nobody knows, the word."""
    wire = WIRES.get(api)
    return api if wire is None else wire.dialect


def place_of(api: str, host: str) -> tuple[str, str] | None:
    """The part that says where, as the name of the host tells it; None if it does not."""
    if api == "bedrock" and (found := _REGION.search(host)):
        return "aws_region_name", found[1]
    if api in ("vertex", "vertex_ai") and (found := _LOCATION.fullmatch(host)):
        return "vertex_location", found[1] or found[2] or "global"
    return None
