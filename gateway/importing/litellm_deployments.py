"""One entry of LiteLLM's `model_list`: which provider, address, key and weights it means, by LiteLLM's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.errors import near
from gateway.importing.data import litellm_models, table
from gateway.importing.doors import place
from gateway.importing.draft import Draft, Handle
from gateway.importing.keys import key_of
from gateway.importing.litellm_clouds import CLOUDS, cloud
from gateway.importing.litellm_facts import Known, price_key
from gateway.importing.litellm_names import number, resolved
from gateway.importing.parameters import given, left_out
from gateway.importing.targets import Target
from gateway.source.peer import Path

_NO_ADDRESS = "names no address: left out; write `api_base`"
_NOT_SERVED = frozenset(
    {
        "sagemaker",
        "sagemaker_chat",
        "replicate",
        "watsonx",
        "databricks",
        "snowflake",
        "predibase",
        "oci",
        "triton",
        "clarifai",
    }
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What one entry of `model_list` became."""

    path: Path
    name: str  # model_name
    model: str  # litellm_params.model
    handle: Handle
    params: Mapping[str, Any] = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str | None:
        """What fallbacks may call it by."""
        return str(self.info["id"]) if "id" in self.info else None

    def number(self, option: str) -> float | None:
        """Of litellm_params."""
        return number(self.params.get(option))


def deployment(
    draft: Draft, path: Path, entry: Mapping[str, Any], credentials: Mapping[str, Mapping[str, Any]]
) -> Deployment | None:
    """None if it cannot be one, which is told."""
    raw, info = entry.get("litellm_params"), entry.get("model_info") or {}
    params = dict(raw) if isinstance(raw, dict) else {}
    if "litellm_credential_name" in params:
        named = credentials.get(str(params["litellm_credential_name"]))
        if named is None:
            draft.findings.tell(
                "error",
                (*path, "litellm_params", "litellm_credential_name"),
                "no entry of `credential_list` bears this name",
            )
        params = {**(named or {}), **params}
        draft.findings.carried((*path, "litellm_params", "litellm_credential_name"))
    if not params.get("model"):
        shown = f"the deployment `{entry.get('model_name')}`" if entry.get("model_name") else "a deployment"
        draft.findings.tell("error", path, f"{shown} has no `litellm_params.model`: left out")
        return None
    name = resolved(draft, (*path, "model_name"), entry["model_name"])
    model = resolved(draft, (*path, "litellm_params", "model"), params["model"])
    base = _base_said(draft, path, params)
    if name is None or model is None or base == "":
        draft.findings.done.add(path)
        return None
    draft.findings.carried((*path, "model_name"), (*path, "litellm_params", "model"))
    target = _target(draft, path, name, model, base, params, info if isinstance(info, dict) else {})
    handle = place(draft, _tuned(draft, target, params)) if target is not None else None
    if handle is None:
        draft.findings.done.add(path)
        return None
    draft.findings.carried(
        *[(*path, "litellm_params", key) for key in ("api_key", "api_base", "base_url", "custom_llm_provider")]
    )
    return Deployment(path, name, model, handle, params, info if isinstance(info, dict) else {})


def _base_said(draft: Draft, path: Path, params: Mapping[str, Any]) -> str | None:
    """`api_base`; None if there is none, empty if its variable is not set."""
    for option in ("api_base", "base_url"):
        if params.get(option):
            return resolved(draft, (*path, "litellm_params", option), params[option]) or ""
    return None


def _target(
    draft: Draft,
    path: Path,
    called: str,
    model: str,
    base: str | None,
    params: Mapping[str, Any],
    info: Mapping[str, Any],
) -> Target | None:
    found = provider_of(model, base, params)
    if found is None:
        draft.findings.tell("error", (*path, "litellm_params", "model"), _unknown_provider(model))
        return None
    provider, name = found
    known = Known.of(draft, provider, name, model, params, info)
    if known.kind not in ("chat", "completion", "embedding"):
        draft.findings.tell("not_carried", path, f"`{called}`: {known.kind} is not served here: left out")
        return None
    if provider in CLOUDS:
        return cloud(draft, path, called, provider, name, params, known)
    address = _address(provider, base)
    if address is None or provider in _NOT_SERVED:
        why = _NO_ADDRESS if address is None else "is a wire that is not spoken here: left out"
        draft.findings.tell("error", path, f"`{called}`: `{provider}/` {why}")
        return None
    _tell_of_address(draft, path, called, provider, base)
    return Target(
        path=(*path, "litellm_params"),
        called=called,
        provider=provider,
        name=name,
        base=address,
        key=key_of(params.get("api_key")),
        api="anthropic" if provider == "anthropic" else "openai",
        weights=known.weights,
        facts=known.facts,
        said=known.said,
        prices=known.prices,
        price_key=price_key(model, name, provider),
    )


def _tuned(draft: Draft, target: Target, params: Mapping[str, Any]) -> Target:
    """With what the deployment gives its requests, and leaves out of them."""
    option = "additional_drop_params"
    dropped = left_out(draft.findings, (*target.path, option), params.get(option))
    return replace(target, parameters=given(draft.findings, target.path, params) | dropped)


def provider_of(model: str, base: str | None, params: Mapping[str, Any]) -> tuple[str, str] | None:
    """LiteLLM's reading: who is asked, and what for."""
    names = set(table("litellm_providers.yaml")["names"])
    prefix, slash, rest = model.partition("/")
    said = params.get("custom_llm_provider")
    if said:
        return str(said), rest if slash and prefix == said else model
    if slash and prefix in names and rest:
        return prefix, rest
    if base and (known := _provider_at(base)):
        return known, model
    row = litellm_models().get(model)
    if row is not None:
        return _of_map(str(row[0])), model
    return ("azure", model) if base and ".openai.azure.com" in base else None


def _of_map(provider: str) -> str:
    """The map has finer words than `model` has."""
    if provider.startswith("vertex_ai"):
        return "vertex_ai"
    return "bedrock" if provider.startswith("bedrock") else provider


def _provider_at(base: str) -> str | None:
    """Addresses that LiteLLM knows by themselves."""
    plain = base.rstrip("/")
    listed = (
        "groq",
        "mistral",
        "together_ai",
        "deepinfra",
        "perplexity",
        "deepseek",
        "xai",
        "cerebras",
        "sambanova",
        "nvidia_nim",
        "fireworks_ai",
    )
    return next((name for name in listed if table("litellm_providers.yaml")["bases"].get(name) == plain), None)


def _unknown_provider(model: str) -> str:
    prefix, slash, _ = model.partition("/")
    providers = table("litellm_providers.yaml")
    if slash:
        close = near(prefix, providers["names"])
        help = providers["meant"].get(prefix) or (
            f"did you mean `{close}/`?" if close else "for an OpenAI-compatible address write `openai/…`"
        )
        return f"`{prefix}/` is no provider of LiteLLM, so this deployment never loaded: left out; {help}"
    return (
        "names no provider that LiteLLM knows, so this deployment never loaded: left out; write "
        "`openai/…` if its address speaks OpenAI's wire"
    )


def _address(provider: str, base: str | None) -> str | None:
    """Where it leads; None if nothing says so."""
    said = base.rstrip("/") if base else table("litellm_providers.yaml")["bases"].get(provider)
    if said is None:
        return None
    if provider in ("ollama", "ollama_chat"):
        return f"{str(said).removesuffix('/api').removesuffix('/v1')}/v1"
    return str(said)


def _tell_of_address(draft: Draft, path: Path, called: str, provider: str, base: str | None) -> None:
    if base is not None:
        return
    if provider == "dashscope":
        words = (
            f"`{called}`: without an address LiteLLM 1.76 went to Singapore "
            "(dashscope-intl.aliyuncs.com), 1.108 goes to mainland China; the newest is taken: write "
            "`api_base` if yours is older"
        )
        draft.findings.tell("assumed", (*path, "litellm_params", "model"), words)
    elif provider == "deepseek":
        words = (
            f"`{called}`: LiteLLM asks https://api.deepseek.com/beta, the catalogue's door is https://api.deepseek.com"
        )
        draft.findings.tell("assumed", (*path, "litellm_params", "model"), words)
    elif provider in ("ollama", "ollama_chat", "llamafile"):
        words = f"`{called}`: without an address LiteLLM asks this machine"
        draft.findings.tell("assumed", (*path, "litellm_params", "model"), words)
