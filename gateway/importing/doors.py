"""Where a target of a peer leads: a door of the catalogue, a new door of a known operator, a relay, an own machine."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from urllib.parse import urlsplit

from gateway.importing.cloud_doors import cloud_door
from gateway.importing.draft import Draft, Handle, Wanted, model_id, word
from gateway.importing.keys import holds_key, safe_address
from gateway.importing.parameters import THOUGHTS, without_thoughts
from gateway.importing.shipped import Row, normal
from gateway.importing.targets import Target, hosted_key, label, model_row

_PRIVATE_ENDS = (".local", ".internal", ".lan", ".home", ".svc", ".cluster.local", ".localhost", ".home.arpa")
_VENDORS = {
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "vllm": "vllm",
    "hosted_vllm": "vllm",
    "llamafile": "llama.cpp",
}
_AZURE = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
UNKNOWN_LAB: Row = {"id": "unknown", "name": "nobody has said"}


def place(draft: Draft, target: Target) -> Handle | None:
    """The endpoint of a target; None if it cannot be one, which is told."""
    wanted = _wanted(draft, target)
    if wanted is None:
        return None
    wanted.parameters, wanted.called = dict(target.parameters), word(target.called).lower()
    if THOUGHTS & wanted.parameters.get("add", {}).keys() and not _reasons(draft, wanted):
        words = "is not known to reason, so it is not told how much to: callers must say it"
        draft.findings.say("not_carried", str(wanted.row["id"]), words)
        wanted.parameters = without_thoughts(wanted.parameters)
    return draft.want(wanted)


def _reasons(draft: Draft, wanted: Wanted) -> bool:
    id = str(wanted.row["id"]).partition("@")[0]
    model = wanted.own_model or draft.shipped.rows["models"].get(id) or {}
    return "reasoning" in (model.get("can") or ())


def _wanted(draft: Draft, target: Target) -> Wanted | None:
    base = safe_address(target.base)
    if holds_key(f"{target.name} {target.weights} {target.called}"):
        draft.findings.tell("error", target.path, "a key stands where a name should: left out, and not shown")
        return None
    if base is None:
        draft.findings.tell(
            "error",
            target.path,
            f"`{target.called}`: this is no address, or one with a password or query in it (not shown): left out",
        )
        return None
    url = urlsplit(base)
    if target.region is not None:
        return cloud_door(draft, target, base)
    if is_own(draft, base):
        return _own(draft, target, base)
    if url.scheme != "https":
        words = (
            f"`{target.called}`: plain http to {url.hostname}, which is no own machine: left out; write "
            f"https, or import with `--own {url.hostname}`"
        )
        draft.findings.tell("error", target.path, words)
        return None
    if (url.hostname or "").endswith(_AZURE):
        return _azure(draft, target, base)
    row = draft.shipped.door(base, target.name)
    if row is not None:
        return _shipped(draft, target, row)
    where = draft.shipped.place(base)
    return _new(draft, target, base, where) if where else _relay(draft, target, base)


def is_own(draft: Draft, base: str) -> bool:
    """True for hosts that the user calls own, and for those that only a private network can mean."""
    url = urlsplit(base)
    host = url.hostname or ""
    if host in draft.said.own or f"{host}:{_port(base)}" in draft.said.own:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_ENDS)
    return address.is_private or address.is_loopback


def _port(base: str) -> int | None:
    try:
        return urlsplit(base).port
    except ValueError:
        return None


def _shipped(draft: Draft, target: Target, row: Row) -> Wanted:
    key_env = hosted_key(draft, target, row.get("key_env"))
    if target.prices:
        draft.findings.say(
            "assumed", str(row["id"]), f"its price is the catalogue's, not the one written for `{target.called}`"
        )
    return Wanted(row, key_env, label(target))


def _own(draft: Draft, target: Target, base: str) -> Wanted:
    url = urlsplit(base)
    host = url.hostname or "local"
    port = _port(base)
    known = draft.said.own.get(f"{host}:{port}", draft.said.own.get(host))
    said = host in draft.said.own or f"{host}:{port}" in draft.said.own
    model, own_model = _own_weights(draft, target)
    vendor = _VENDORS.get(target.provider)
    machine = (
        "ollama" if vendor == "ollama" else word(host if "." not in host and host != "localhost" else f"{host}-{port}")
    )
    row: Row = {"id": f"{model}@self/{machine}", "hosting": "self"}
    row |= {"inference": [known]} if known else {}
    row |= {"api": target.api, "base_url": base}
    row |= {"upstream_model": target.name} if target.name != model else {}
    row |= {"vendor": vendor, **draft.shipped.takes(vendor)} if vendor else {}
    row |= {"prices": list(target.prices) or [{"since": draft.said.today, "input": 0, "output": 0}]}
    tells = (
        []
        if said
        else [
            f"{host} is an own machine: a relay looks the same; say `--own {host}=COUNTRY`, or give its https address"
        ]
    )
    for words in tells:
        draft.findings.say("assumed", str(row["id"]), words)
    if not target.prices:
        draft.findings.say(
            "assumed", str(row["id"]), "costs nothing per token; declare what it costs in `prices` or `usd_per_hour`"
        )
    return Wanted(row, _own_key(draft, target), own_model=own_model)


def _own_key(draft: Draft, target: Target) -> str | None:
    return None if target.key.form in ("absent", "placeholder") else hosted_key(draft, target, None)


def _own_weights(draft: Draft, target: Target) -> tuple[str, Row | None]:
    """Open weights by their name, which is told; anything else is nobody's word."""
    name = target.weights or target.name
    found = draft.shipped.model(name)
    if found is not None and found.get("open_weights") is True:
        draft.findings.say(
            "assumed",
            str(found["id"]),
            f"`{name}` on an own machine is taken by its name for these weights: names can be anything",
        )
        return str(found["id"]), None
    made = model_id(name)
    if made in draft.shipped.rows["models"]:
        made = f"{made}-as-named"
    return made, model_row(replace(target, facts=target.said), made, "unknown", f"as its own machine calls it: {name}")


def _azure(draft: Draft, target: Target, base: str) -> Wanted:
    """Azure's deployment names are nobody's weights; `base_model` says which they are."""
    resource = str(urlsplit(base).hostname).partition(".")[0]
    found = draft.shipped.model(target.weights.rpartition("/")[2]) if target.weights else None
    own_model = None
    if found is not None:
        model = str(found["id"])
    else:
        model = model_id(f"{target.weights or target.name}-at-{resource}")
        own_model = model_row(
            target, model, "unknown", f"the deployment {target.name} at {resource}: which weights, nobody has said"
        )
        if target.facts.get("context_tokens"):
            draft.findings.say(
                "assumed",
                model,
                f"is as long and as able as LiteLLM takes {target.weights or target.name} to be, by that name alone",
            )
        words = (
            f"`{target.name}` is the name of a deployment; say which weights are behind it "
            "(`base_model`), and import again"
        )
        draft.findings.say("unknown", model, words)
    row: Row = {
        "id": f"{model}@azure-foundry/{word(resource)}",
        "hosting": "hosted",
        "api": "openai",
        "base_url": f"https://{urlsplit(base).hostname}/openai/v1",
        "upstream_model": target.name,
    }
    row |= {"prices": list(target.prices)} if target.prices else {}
    return Wanted(row, hosted_key(draft, target, "AZURE_API_KEY"), label(target), own_model)


def _new(draft: Draft, target: Target, base: str, where: str) -> Wanted:
    """A door of a known operator to weights that the catalogue does not have there."""
    operator, _, _ = where.partition("/")
    variant = target.name.rpartition(":")[2] if operator == "openrouter" and ":" in target.name else None
    name = target.name.rpartition(":")[0] if variant else target.name
    found = draft.shipped.model(target.weights or name)
    own_model = None
    if found is not None:
        model = str(found["id"])
    else:
        model = model_id(name)
        lab = draft.shipped.sole_lab(operator) or "unknown"
        pointer = "a pointer: which weights, the vendor decides" if target.name.endswith("-latest") else None
        own_model = model_row(target, model, lab, pointer or f"as {operator} calls it: {target.name}")
    row: Row = {
        "id": f"{model}@{where}{'/' + word(variant) if variant else ''}",
        "hosting": "hosted",
        "api": target.api,
    }
    row |= {"base_url": normal(base)}
    row |= {"upstream_model": target.name} if target.name != model else {}
    usual = next((known.get("key_env") for known in draft.shipped.by_base.get(normal(base), ())), None)
    row |= {"prices": [{"since": draft.said.today, "input": 0, "output": 0}]} if variant == "free" else _priced(target)
    return Wanted(row, hosted_key(draft, target, usual), label(target), own_model)


def _relay(draft: Draft, target: Target, base: str) -> Wanted:
    """An address that nobody knows: who runs it and what it serves under a name stays unknown."""
    host = str(urlsplit(base).hostname)
    model = model_id(f"{target.name.rpartition('/')[2]}-at-{host}")
    claimed = draft.shipped.model(target.name)
    named = ("context_tokens", "output_limit", "can", "kinds")
    facts: Row = {fact: claimed[fact] for fact in named if claimed and fact in claimed}
    target = replace(target, facts={**facts, **target.facts})
    own_model = model_row(target, model, "unknown", f"{host} says that it is {target.name}")
    if own_model.get("context_tokens"):
        draft.findings.say(
            "assumed", model, f"is as long and as able as the {target.name} that {host} says it is; it may be anything"
        )
    row: Row = {"id": f"{model}@{word(host)}", "hosting": "hosted", "api": target.api, "base_url": base}
    row |= {"upstream_model": target.name}
    row |= _priced(target)
    return Wanted(row, hosted_key(draft, target, None), label(target), own_model)


def _priced(target: Target) -> Row:
    if target.prices:
        return {"prices": list(target.prices)}
    keys: Row = {"price_keys": [f"litellm:{target.price_key}"]}
    return keys if target.price_key else {}
