"""LiteLLM's ways to Bedrock, Vertex and Azure: where the region stands, and what it does not say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.importing.draft import Draft
from gateway.importing.keys import Key, key_of
from gateway.importing.litellm_facts import Known
from gateway.importing.litellm_names import resolved
from gateway.importing.targets import Target
from gateway.source.peer import Path

CLOUDS = frozenset({"azure", "azure_ai", "bedrock", "bedrock_converse", "vertex_ai", "vertex_ai_beta"})
_PROFILE = re.compile(r"(us|eu|apac|global|jp|au|us-gov)\.(?=[a-z0-9]+\.)")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-?\d")
_WIRES = ("converse/", "invoke/", "converse_like/")


def cloud(
    draft: Draft, path: Path, called: str, provider: str, name: str, params: Mapping[str, Any], known: Known
) -> Target | None:
    """None if it cannot be reached, which is told."""
    if provider.startswith("azure"):
        return _azure(draft, path, called, name, params, known)
    if provider.startswith("bedrock"):
        return _bedrock(draft, path, called, name, params, known)
    return _vertex(draft, path, called, name, params, known)


def _azure(draft: Draft, path: Path, called: str, name: str, params: Mapping[str, Any], known: Known) -> Target | None:
    raw = params.get("api_base") or params.get("base_url")
    if not raw:
        draft.findings.tell("error", path, f"`{called}`: an Azure deployment without `api_base`: left out")
        return None
    text = str(raw)
    if text.startswith("os.environ/"):
        text = resolved(draft, path, text) or ""
    base = re.sub(r"/openai(/.*)?$", "", text.partition("?")[0].rstrip("/"))
    deployment = name.removeprefix("responses/").removeprefix("chat/")
    for option in ("azure_ad_token", "tenant_id", "client_id", "client_secret"):
        if option in params:
            words = "Azure's own login; a door takes one key here: AZURE_API_KEY. The value is not shown"
            draft.findings.tell("not_carried", (*path, "litellm_params", option), words)
    return _target(path, called, "azure", deployment, base, key_of(params.get("api_key")), known)


def _bedrock(draft: Draft, path: Path, called: str, name: str, params: Mapping[str, Any], known: Known) -> Target:
    """The profile before the model says where it may be computed; the region only where a request enters."""
    plain = name
    for wire in _WIRES:
        plain = plain.removeprefix(wire)
    region_first = re.match(r"([a-z]{2}-[a-z]+-\d)/", plain)
    said = str(params.get("aws_region_name") or (region_first[1] if region_first else ""))
    region = said if _REGION.fullmatch(said) else ""
    plain = plain[region_first.end() :] if region_first else plain
    profile = _PROFILE.match(plain)
    place = f"{profile[1]}|{region}" if profile else f"|{region or 'us-east-1'}"
    key = Key("variable", "AWS_BEDROCK_API_KEY")
    for option in ("aws_bedrock_api_key", "aws_bearer_token_bedrock", "api_key"):
        if params.get(option):
            key = key_of(params[option])
            draft.findings.carried((*path, "litellm_params", option))
    draft.findings.carried((*path, "litellm_params", "aws_region_name"))
    base = f"https://bedrock-runtime.{region or 'us-east-1'}.amazonaws.com"
    return _target(path, called, "bedrock", plain, base, key, known, api="bedrock", region=place)


def _vertex(draft: Draft, path: Path, called: str, name: str, params: Mapping[str, Any], known: Known) -> Target:
    """The location decides; labels such as `hosted_in` are no facts."""
    said = str(params.get("vertex_location") or params.get("vertex_ai_location") or "us-central1")
    location = said if re.fullmatch(r"[a-z0-9-]+", said) else "us-central1"
    if not params.get("vertex_location"):
        words = f"`{called}`: without `vertex_location` LiteLLM asks us-central1 unless its environment says otherwise"
        draft.findings.tell("assumed", (*path, "litellm_params", "model"), words)
    draft.findings.carried(
        (*path, "litellm_params", "vertex_location"), (*path, "litellm_params", "vertex_ai_location")
    )
    base = (
        "https://aiplatform.googleapis.com" if location == "global" else f"https://{location}-aiplatform.googleapis.com"
    )
    key = Key("variable", "GOOGLE_VERTEX_API_KEY")
    return _target(path, called, "vertex", name, base, key, known, api="vertex_ai", region=location)


def _target(
    path: Path, called: str, provider: str, name: str, base: str, key: Key, known: Known, **more: Any
) -> Target:
    return Target(
        (*path, "litellm_params"),
        called,
        provider,
        name,
        base,
        key,
        weights=known.weights,
        facts=known.facts,
        said=known.said,
        prices=known.prices,
        **more,
    )
