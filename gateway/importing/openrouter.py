"""OpenRouter's presets, or a request with its preferences, become a Draft: names, direct doors, guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.errors import Problem, Problems
from gateway.importing.draft import Draft, Way, word
from gateway.importing.keys import holds_key
from gateway.importing.openrouter_hosts import order_of, preferences
from gateway.source.peer import Path

_SUFFIXES = ("nitro", "floor", "free", "online", "exacto", "thinking", "extended", "beta")
_CALLERS_OWN = frozenset(
    "messages prompt temperature top_p top_k max_tokens max_completion_tokens stream stream_options response_format "
    "reasoning reasoning_effort tools tool_choice parallel_tool_calls stop seed frequency_penalty presence_penalty "
    "repetition_penalty logit_bias logprobs top_logprobs min_p top_a user metadata include_reasoning "
    "structured_outputs usage verbosity modalities session_id".split()
)
_NOT_CARRIED = {
    "transforms": "shortened prompts that are too long: they are refused here, or go to a longer context",
    "plugins": (
        "the vendor searches the web or reads files with words of the prompt: refused here until an "
        "endpoint declares `hosted_tools`"
    ),
    "route": "`fallback` is what the list of models says already",
    "preset": "another preset: import it, too",
    "description": "a note",
    "name": "a label",
    "slug": "a label",
}
_STOP = "**callers must stop sending it: a body with it gets a 400 here**; the policy says it now"


def read_openrouter(draft: Draft) -> None:
    """Raises Problems for what is neither presets nor a request."""
    peer = draft.findings.peer
    data = peer.data
    if isinstance(data, dict) and ("model" in data or "models" in data):
        _read(draft, (), None, data)
    elif isinstance(data, dict) and data and all(isinstance(value, dict) for value in data.values()):
        inner = data.get("presets") if set(data) == {"presets"} and isinstance(data.get("presets"), dict) else None
        under: Path = ("presets",) if inner else ()
        for name, preset in (inner or data).items():
            _read(draft, (*under, name), str(name), preset if isinstance(preset, dict) else {})
    elif isinstance(data, list) and data and all(isinstance(value, dict) for value in data):
        for number, entry in enumerate(data):
            _read(draft, (number,), entry.get("name") or entry.get("slug"), entry)
    else:
        help = "a preset is `{name: {model: …, provider: {…}}}`, a request `{model: …, provider: {…}}`"
        raise Problems([Problem("this is neither presets nor a request of OpenRouter", peer.place(()), help)])
    draft.defaults = {
        "order": "listed",
        "affinity": "conversation",
        "on_refusal": {"reroute": ["filtered"], "prefer": "listed"},
    }


def _read(draft: Draft, path: Path, preset: object, body: Mapping[str, Any]) -> None:
    if holds_key(f"{preset} {body.get('model')} {body.get('models')}"):
        draft.findings.tell("error", path, "a key stands where a name should: left out, and not shown")
        return
    wanted = _models(draft, path, body)
    config = body.get("config")
    if isinstance(config, dict) and not wanted:  # the form of a preset in an export
        _read(draft, (*path, "config"), preset, config)
        return
    if not wanted:
        draft.findings.tell("error", path, "names no model: left out")
        return
    names = (
        _names(str(preset), wanted[0][0])
        if preset is not None
        else list(dict.fromkeys([wanted[0][0], _bare(wanted[0][0])[0]]))
    )
    models = [(number, model) for number, (_, model) in enumerate(wanted) if model is not None]
    _tell_of_body(draft, path, body)
    if not models:
        return
    guards, known = list(draft.guards), {name for _, name, _ in draft.ways}
    for number, name in enumerate(names):
        draft.names[name] = "imported from OpenRouter" if number == 0 else f"imported from OpenRouter, for {names[0]}"
    prefs = body.get("provider") if isinstance(body.get("provider"), dict) else {}
    items = preferences(draft, (*path, "provider"), names[0], [model for _, model in models], prefs or {})
    if not items:
        for name in names:
            if name not in known:  # by an earlier preset of the same name
                draft.names.pop(name, None)
        draft.guards = guards
        draft.findings.say(
            "error",
            names[0],
            "no door of the catalogue is left: its name is 404 now; add the doors, or import with `--catalog DIR`",
        )
        return
    order = order_of(prefs or {}, _bare(wanted[0][0])[1]) if any(item.together for item in items) else None
    route = f"preset-{preset}" if preset is not None else names[-1]
    draft.ways += [(word(route), name, Way(tuple(items), order)) for name in names]


def _names(preset: str, model: str) -> list[str]:
    return [f"@preset/{preset}", f"{model}@preset/{preset}"]


def _bare(name: str) -> tuple[str, str | None]:
    bare, colon, suffix = name.rpartition(":")
    return (bare, suffix) if colon and suffix in _SUFFIXES else (name, None)


def _models(draft: Draft, path: Path, body: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """What is asked for, in order, and our id of it; a model that is not known is told."""
    given: list[tuple[Path, str]] = []
    if isinstance(body.get("model"), str):
        given.append(((*path, "model"), body["model"]))
    several = body.get("models")
    for number, name in enumerate(several if isinstance(several, list) else ()):
        given.append(((*path, "models", number), str(name)))
    found = []
    for here, name in given:
        bare, suffix = _bare(name.partition("@preset/")[0])
        row = draft.shipped.model(bare)
        if row is None:
            words = (
                f"`{name}` is no model of the catalogue: its name is 404 now; add the model and its "
                "doors, or import with `--catalog DIR`"
            )
            draft.findings.tell("error", here, words)
        else:
            draft.findings.carried(here)
        if suffix in ("online", "free", "exacto", "thinking", "extended", "beta"):
            draft.findings.tell(
                "not_carried",
                here,
                (
                    f"`:{suffix}` is a way of its own at OpenRouter (`:online` the web plugin, `:free` "
                    "another door with other terms): left out"
                ),
            )
        found.append((name, str(row["id"]) if row is not None else None))
    return found


def _tell_of_body(draft: Draft, path: Path, body: Mapping[str, Any]) -> None:
    findings = draft.findings
    for option in body:
        here = (*path, option)
        if option in ("model", "models", "provider"):
            continue
        if option in _NOT_CARRIED:
            findings.tell("not_carried", here, _NOT_CARRIED[option])
        elif option in _CALLERS_OWN:
            findings.tell(
                "not_carried",
                here,
                "the request's own: callers go on sending it"
                if path == ()
                else "a parameter that a preset adds: callers must send it",
            )
        elif option in (
            "order",
            "only",
            "ignore",
            "allow_fallbacks",
            "data_collection",
            "zdr",
            "sort",
            "quantizations",
            "max_price",
            "require_parameters",
        ):
            findings.tell(
                "held_nothing", here, "stands beside `provider`, where OpenRouter reads nothing: it never held"
            )
        else:
            findings.tell("not_carried", here, "has no word here")
    if isinstance(body.get("provider"), dict) and path == ():
        findings.say("lost", "provider", _STOP)
    elif "provider" in body and not isinstance(body["provider"], dict):
        findings.tell("error", (*path, "provider"), "`provider` is no mapping: left out")
    if body.get("models") and path == ():
        findings.say("lost", "models", _STOP)
