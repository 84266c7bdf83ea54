"""One target of Portkey: which provider, address, key and model it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.importing.data import table
from gateway.importing.doors import place
from gateway.importing.draft import Draft, Handle, word
from gateway.importing.keys import Key, key_of, variable_for
from gateway.importing.litellm_names import number
from gateway.importing.parameters import forced
from gateway.importing.shipped import normal
from gateway.importing.targets import Target
from gateway.source.peer import Path

_INHERITED = ("request_timeout", "override_params", "custom_host")
_SECRETS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "vertex_service_account_json")
_WRONG_AZURE = {
    "azure_resource_name": "resource_name",
    "azure_deployment_id": "deployment_id",
    "azure_api_version": "api_version",
}


@dataclass(frozen=True, slots=True)
class Config:
    """What an outer level hands down; keys, hosts of clouds and versions of an API it does not."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def under(self, data: Mapping[str, Any]) -> Config:
        """With what this level says itself."""
        return Config({**self.values, **{name: data[name] for name in _INHERITED if name in data}})


def snake(name: str) -> str:
    """Portkey reads `virtualKey` as `virtual_key`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", str(name)).lower()


def timeout_of(here: Config) -> float | None:
    """In seconds; Portkey counts milliseconds."""
    value = number(here.values.get("request_timeout"))
    return value / 1000 if value and 1 <= value < 1e9 else None


def target_of(draft: Draft, path: Path, data: Mapping[str, tuple[str, Any]], here: Config) -> Handle | None:
    """None if it cannot be one, which is told."""
    wrong = [(key, _WRONG_AZURE[name]) for name, (key, _) in data.items() if name in _WRONG_AZURE]
    if wrong:
        right = ", ".join(f"`{key}` is `{name}`" for key, name in wrong)
        _left_out(draft, path, f"no fields of Portkey's config ({right}): its requests went to no address")
        return None
    said = {name: value for name, (_, value) in data.items()}
    provider = _provider(draft, path, data, said)
    override = here.values.get("override_params")
    override = override if isinstance(override, dict) else {}
    model = override.get("model") or said.get("azure_model_name") or said.get("deployment_id")
    if provider is None:
        return None
    if not isinstance(model, str):
        words = "names no model (`override_params.model`), so the caller's counted: name the models, one target each"
        _left_out(draft, path, words)
        return None
    base = _base(said, here, provider)
    if base is None:
        _left_out(draft, path, f"no address is known for `{word(provider)}`: give it a `custom_host`")
        return None
    at = (*path, data["override_params"][0]) if "override_params" in data else path
    tuned = forced(draft.findings, at, override)
    handle = place(draft, replace(_target(draft, path, provider, model, base, said), parameters=tuned))
    if handle is not None:
        _tell(draft, path, data, override)
    return handle


def _left_out(draft: Draft, path: Path, words: str) -> None:
    draft.findings.tell("error", path, f"left out: {words}")


def _provider(draft: Draft, path: Path, data: Mapping[str, tuple[str, Any]], said: Mapping[str, Any]) -> str | None:
    named = said.get("virtual_key")
    provider = str(said.get("provider") or "")
    if not named and not provider.startswith("@"):
        if not provider:
            draft.findings.tell("error", path, "names no provider and no virtual key: left out")
        return provider or None
    slug = str(named or provider[1:].partition("/")[0])
    found = draft.said.virtual_keys.get(slug)
    key, _ = data["virtual_key"] if named else data["provider"]
    if found is None:
        words = (
            "a virtual key is a name for a secret in Portkey's cloud: which vendor it is must be told: "
            "left out; import with `--virtual-key NAME=OPERATOR`"
        )
        draft.findings.tell("error", (*path, key), words)
        return None
    if key == "virtualKey":
        words = (
            "the open-source gateway ignored `virtualKey`, the hosted one wants `virtual_key`; written, "
            "because `--virtual-key` says whose it is"
        )
        draft.findings.tell("held_nothing", (*path, key), words)
    draft.findings.carried((*path, key))
    known: str = table("portkey.yaml")["operators"].get(found, found)
    return known


def _base(said: Mapping[str, Any], here: Config, provider: str) -> str | None:
    host = said.get("custom_host") or here.values.get("custom_host")
    if provider == "azure-openai" and said.get("resource_name"):
        return f"https://{said['resource_name']}.openai.azure.com"
    if host:
        text = str(host).rstrip("/")
        return f"{text.removesuffix('/v1')}/v1" if provider == "ollama" else text
    found = table("portkey.yaml")["bases"].get(provider)
    return str(found) if found else None


def _target(draft: Draft, path: Path, provider: str, model: str, base: str, said: Mapping[str, Any]) -> Target:
    azure = provider == "azure-openai"
    name = str(said.get("deployment_id") or model) if azure else model
    weights = str(said["azure_model_name"]) if said.get("azure_model_name") else None
    slug = said.get("virtual_key")
    key = (
        Key("variable", f"GATEWAY_KEY_{variable_for(str(slug)).removeprefix('GATEWAY_KEY_')}")
        if slug
        else key_of(said.get("api_key"))
    )
    usual = next((row.get("key_env") for row in draft.shipped.by_base.get(normal(base), ())), None)
    literal = variable_for(f"AZURE_{said.get('resource_name')}") if azure else str(usual) if usual else None
    context = draft.said.context.get(model)
    facts = {"context_tokens": context} if context else {}
    api = "anthropic" if provider == "anthropic" else "openai"
    called = word(model)
    return Target(path, called, provider, name, base, key, api, weights=weights, facts=facts, literal_env=literal)


def _tell(draft: Draft, path: Path, data: Mapping[str, tuple[str, Any]], override: Mapping[str, Any]) -> None:
    findings = draft.findings
    for name in (
        "provider",
        "custom_host",
        "api_key",
        "resource_name",
        "deployment_id",
        "azure_model_name",
        "request_timeout",
        "weight",
    ):
        if name in data:
            findings.carried((*path, data[name][0]))
    if "override_params" in data:
        key = data["override_params"][0]
        findings.carried((*path, key, "model"))
        for option in override:
            if option != "model" and (*path, key, option) not in findings.done:
                findings.tell(
                    "not_carried",
                    (*path, key, option),
                    "forced upon the caller there: bodies pass as they are here, callers must send it",
                )
    for name, (key, _) in data.items():
        if name == "api_version":
            findings.tell("not_carried", (*path, key), "Azure's `/openai/v1` needs none")
        elif name in _SECRETS:
            findings.tell(
                "not_carried", (*path, key), "a cloud's own login; a door takes one key here. The value is not shown"
            )
        elif (*path, key) not in findings.done and name not in (
            "strategy",
            "targets",
            "override_params",
            "on_status_codes",
        ):
            findings.tell("not_carried", (*path, key), "has no word here")
