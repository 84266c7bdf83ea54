"""`openai/*`: the star went to the vendor; here each model that the catalogue has at that door becomes a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.importing.data import table
from gateway.importing.doors import is_own
from gateway.importing.draft import Draft
from gateway.importing.keys import safe_address
from gateway.importing.litellm_deployments import provider_of
from gateway.importing.litellm_names import resolved
from gateway.importing.shipped import normal
from gateway.source.peer import Path

Entry = dict[str, Any]


def expanded(draft: Draft, path: Path, entry: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    """Names and their entries; nothing for a wildcard that leads nowhere known, which is told."""
    params = dict(entry.get("litellm_params") or {}) if isinstance(entry.get("litellm_params"), dict) else {}
    pattern, model = str(entry.get("model_name")), str(params.get("model") or "")
    if model in ("*", ""):
        words = (
            f"`{pattern}`: any vendor, by prefix, with whatever keys are in the environment: left out on "
            "purpose, for it let a caller choose any operator, and no rule would hold; name the models "
            "that are needed"
        )
        draft.findings.tell("lost", path, words)
        return
    found = provider_of(model, None, params)
    if found is None:
        draft.findings.tell("error", path, f"`{pattern}`: names no provider of LiteLLM: left out")
        return
    provider, rest = found
    said = params.get("api_base") or params.get("base_url")
    base = (
        resolved(draft, (*path, "litellm_params", "api_base"), said)
        if said
        else table("litellm_providers.yaml")["bases"].get(provider)
    )
    if base is None:
        draft.findings.done.add(path)
        return
    address = safe_address(str(base)) or ""
    rows = draft.shipped.by_base.get(normal(address), ())
    if not rows or is_own(draft, address):
        draft.findings.tell("error" if address else "not_carried", path, _nothing(pattern, address))
        return
    yield from _names(draft, path, pattern, provider, rest, params, rows)


def _names(
    draft: Draft, path: Path, pattern: str, provider: str, rest: str, params: Entry, rows: Any
) -> Iterator[tuple[str, Entry]]:
    shape = re.compile(re.escape(rest).replace(r"\*", "(.*)"))
    made: set[str] = set()
    for row in rows:
        name = str(row.get("upstream_model") or str(row["id"]).partition("@")[0])
        fits = shape.fullmatch(name)
        if fits is None or name in made:
            continue
        made.add(name)
        called = pattern.replace("*", fits[1] if fits.groups() else name, 1)
        yield called, {"model_name": called, "litellm_params": {**params, "model": f"{provider}/{name}"}}
    words = (
        f"`{pattern}`: became {len(made)} names, the models that the catalogue has at that door; any "
        "other is 404 now: `gateway catalog show` lists them, add rows and import again"
    )
    draft.findings.tell("not_carried", (*path, "model_name"), words)


def _nothing(pattern: str, address: str) -> str:
    where = address or "an address that is not shown"
    return (
        f"`{pattern}` at {where}: which models and whose weights are there is not known: left out; write "
        "one entry a model in `model_list`, or `--models`"
    )
