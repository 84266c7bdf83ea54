"""OpenRouter's preferences inside LiteLLM (`extra_body.provider`): direct doors, as `import openrouter` makes them."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.importing.draft import Draft, Way
from gateway.importing.litellm_deployments import Deployment
from gateway.importing.openrouter_hosts import preferences


def openrouter_inside(draft: Draft, group: Sequence[Deployment]) -> list[tuple[str, Way]]:
    """The ways of a name whose only deployment carries preferences; empty otherwise."""
    for found in group:
        body = found.params.get("extra_body")
        prefs = body.get("provider") if isinstance(body, dict) else None
        if not isinstance(prefs, dict) or "openrouter" not in f"{found.model} {found.params.get('api_base')}":
            continue
        path = (*found.path, "litellm_params", "extra_body", "provider")
        if len(group) > 1:
            draft.findings.tell(
                "lost",
                path,
                (
                    "preferences about hosts cannot be sent along, and without them OpenRouter chooses "
                    "any host: give this deployment a name of its own and import again"
                ),
            )
            continue
        model = str(draft.wanted[found.handle].row["id"]).partition("@")[0]
        items = preferences(draft, path, found.name, [model], prefs)
        if not items:
            return [(found.name, Way(()))]
        return [(found.name, Way(tuple(items), reroute=()))]
    return []
