"""A LiteLLM proxy configuration, read by LiteLLM's own rules, becomes a Draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.errors import Problems
from gateway.importing.caching import litellm_cache
from gateway.importing.draft import Draft
from gateway.importing.keys import holds_key
from gateway.importing.litellm_bounds import read_bounds
from gateway.importing.litellm_callers import callers
from gateway.importing.litellm_deployments import Deployment, deployment
from gateway.importing.litellm_fallbacks import read_fallbacks
from gateway.importing.litellm_guardrails import guardrails
from gateway.importing.litellm_inside import openrouter_inside
from gateway.importing.litellm_options import tell_of_deployment, tell_of_options
from gateway.importing.litellm_routes import Router, defaults, router_of, tell_of_spread
from gateway.importing.litellm_shape import listed, mistakes
from gateway.importing.litellm_wildcards import expanded

Entries = Mapping[str, Any]


def read_litellm(draft: Draft) -> None:
    """Fills the draft. Raises Problems for a file that LiteLLM does not start with, or that is no configuration."""
    peer = draft.findings.peer
    problems = mistakes(peer)
    if problems:
        raise Problems(problems)
    groups = _groups(draft, peer.data)
    if not any(groups.values()):
        return
    aliases = _aliases(draft, peer.data, groups)
    fallbacks = read_fallbacks(draft.findings, peer.data, groups, aliases)
    router = router_of(draft, groups, fallbacks, peer.data)
    _routes(draft, router, aliases)
    draft.defaults = defaults(router)
    tell_of_spread(router)
    guardrails(draft, peer.data)
    callers(draft, peer.data, groups)
    deployments = [found for group in groups.values() for found in group]
    read_bounds(draft, peer.data, deployments)
    litellm_cache(draft, peer.data)
    for found in deployments:
        tell_of_deployment(draft, found)
    tell_of_options(draft, peer.data)


def _groups(draft: Draft, data: Entries) -> dict[str, list[Deployment]]:
    """Deployments by model_name, in file order; a name whose deployments are all left out stays, empty."""
    credentials = _credentials(draft, data)
    groups: dict[str, list[Deployment]] = {}
    entries = list(enumerate(data["model_list"]))
    exact = [(number, entry) for number, entry in entries if "*" not in str(entry.get("model_name"))]
    for number, entry in exact:
        path = ("model_list", number)
        if not entry.get("model_name"):
            draft.findings.tell("error", path, "a deployment without `model_name`: left out")
            continue
        if holds_key(str(entry["model_name"])):
            draft.findings.tell("error", path, "a key stands where a name should: left out, and not shown")
            continue
        found = deployment(draft, path, entry, credentials)
        name = found.name if found else str(entry["model_name"])
        group = groups.setdefault(name, []) if found or not name.startswith("os.environ/") else []
        group += [found] if found else []
        draft.names.setdefault(name, "imported from LiteLLM")
    named = set(groups)
    for number, entry in entries:
        if (number, entry) in exact:
            continue
        for name, made in expanded(draft, ("model_list", number), entry):
            if name in named:
                continue
            found = deployment(draft, ("model_list", number), made, credentials)
            groups.setdefault(name, []).extend([found] if found else [])
            draft.names.setdefault(name, f"imported from LiteLLM, {entry['model_name']}")
    return groups


def _credentials(draft: Draft, data: Entries) -> dict[str, Mapping[str, Any]]:
    found = {}
    for number, entry in enumerate(listed(data.get("credential_list"))):
        if isinstance(entry, dict) and isinstance(entry.get("credential_values"), dict):
            found[str(entry.get("credential_name"))] = entry["credential_values"]
        draft.findings.carried(("credential_list", number))
    return found


def _aliases(draft: Draft, data: Entries, groups: Mapping[str, Any]) -> dict[str, str]:
    """`model_group_alias`, of names that are there."""
    found: dict[str, str] = {}
    path = ("router_settings", "model_group_alias")
    given = (data.get("router_settings") or {}).get("model_group_alias")
    for alias, meant in (given if isinstance(given, dict) else {}).items():
        name = str(meant.get("model") if isinstance(meant, dict) else meant)
        if name not in groups or holds_key(alias):
            draft.findings.tell(
                "error", (*path, alias), f"`{name}` is no model_name that was imported: the alias is left out"
            )
            continue
        found[alias] = name
        draft.findings.carried((*path, alias))
        draft.names.setdefault(alias, f"imported from LiteLLM, another name of {name}")
        if isinstance(meant, dict) and meant.get("hidden"):
            draft.findings.tell(
                "not_carried", (*path, alias, "hidden"), "not shown in /v1/models there; every alias is listed here"
            )
    return found


def _routes(draft: Draft, router: Router, aliases: Mapping[str, str]) -> None:
    for name in router.groups:
        inside = openrouter_inside(draft, router.groups[name])
        for route, way in inside or router.ways(name):
            if not way.items and name in aliases:
                continue  # its callers go where the alias leads
            if not way.items:
                draft.names.pop(name, None)
                draft.findings.say(
                    "error", name, "none of its deployments could be imported: callers who ask for it get 404"
                )
                continue
            draft.ways.append((route, name, way))
            draft.ways += [(route, alias, way) for alias, meant in aliases.items() if meant == name]
    for alias, meant in aliases.items():
        if meant not in draft.names:
            draft.names.pop(alias, None)
