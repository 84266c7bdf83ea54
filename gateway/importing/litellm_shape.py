"""What is no LiteLLM configuration at all, or one that LiteLLM does not start with; and files that it includes."""

from __future__ import annotations

from typing import Any

from gateway.errors import Place, Problem, Problems
from gateway.importing.draft import Said
from gateway.importing.findings import written
from gateway.source.peer import Path, Peer, read_peer

_MAPPINGS = ("litellm_settings", "router_settings", "general_settings")
_FROM_DATABASE = (
    "models added in LiteLLM's UI are in its database: save `GET /model/info` as JSON, then import with "
    "`--models model_info.json`"
)


def listed(value: object) -> list[Any]:
    """Where a list belongs; whatever else stands there is told as not carried."""
    return value if isinstance(value, list) else []


def whole(peer: Peer, said: Said) -> Peer:
    """With the files that it includes and the models that the user brings. Raises Problems."""
    if not isinstance(peer.data, dict):
        return peer
    data, places = dict(peer.data), dict(peer.places)
    wrong = []
    for number, name in enumerate(data.get("include") or () if isinstance(data.get("include"), list) else ()):
        raw = said.beside(str(name))
        if raw is None:
            words = f"the file that `include` names here is not there (looked beside {peer.file})"
            wrong.append(Problem(words, peer.place(("include", number)), "import in the folder that LiteLLM runs in"))
            continue
        _add(data, places, read_peer(raw, str(name)))
    if "models" in said.files:
        found = read_peer(said.files["models"], "--models")
        rows = found.data.get("data") if isinstance(found.data, dict) else found.data
        under: Path = ("data",) if isinstance(found.data, dict) else ()
        listed = Peer(
            "--models",
            {"model_list": rows if isinstance(rows, list) else []},
            _moved(found.places, under, ("model_list",)),
        )
        _add(data, places, listed)
    if wrong:
        raise Problems(wrong)
    return Peer(peer.file, data, places)


def _add(data: dict[str, Any], places: dict[Path, Place], more: Peer) -> None:
    """Lists are appended, other values replaced, as LiteLLM does."""
    for key, value in (more.data if isinstance(more.data, dict) else {}).items():
        if isinstance(value, list) and isinstance(data.get(key), list):
            start = len(data[key])
            data[key] = [*data[key], *value]
            for number in range(len(value)):
                places.update(_moved(more.places, (key, number), (key, start + number)))
        else:
            data[key] = value
            places.update(_moved(more.places, (key,), (key,)))


def _moved(places: dict[Path, Place], old: Path, new: Path) -> dict[Path, Place]:
    return {(*new, *path[len(old) :]): place for path, place in places.items() if path[: len(old)] == old}


def mistakes(peer: Peer) -> list[Problem]:
    """All of them at once; empty for a file that can be read on."""
    data = peer.data
    if not isinstance(data, dict):
        return [
            Problem(
                "this is no mapping, so no configuration of LiteLLM", peer.place(()), "it has `model_list:` at its top"
            )
        ]
    if "kind" in data and isinstance(data.get("data"), dict):
        where = next((key for key, value in data["data"].items() if "model_list" in str(value)), "config.yaml")
        kind = str(data["kind"]) if str(data["kind"]) in ("ConfigMap", "Secret") else "object"
        return [
            Problem(
                f"this is a Kubernetes {kind}",
                peer.place(()),
                f"the configuration is the text under `data.{where}`: save it as a file of its own",
            )
        ]
    if "model_list" not in data and ("messages" in data or "provider" in data):
        return [
            Problem(
                "this is a request, not a configuration", peer.place(()), f"`gateway import openrouter {peer.file}`"
            )
        ]
    if "model_list" not in data and ("targets" in data or "strategy" in data):
        return [Problem("this is a configuration of Portkey", peer.place(()), f"`gateway import portkey {peer.file}`")]
    wrong = [
        Problem(
            (
                f"`{name}` is a {'list' if isinstance(data[name], list) else 'word'}; LiteLLM ignores it "
                "unless it is a mapping"
            ),
            peer.place((name,)),
            _way_out(peer, name),
        )
        for name in _MAPPINGS
        if data.get(name) not in (None, "") and not isinstance(data[name], dict)
    ]
    return [*wrong, *_models(peer), *_fallbacks(peer)]


def _way_out(peer: Peer, name: str) -> str:
    if name == "router_settings":
        return (
            "to give a model another name: `router_settings: "
            "{model_group_alias: {NEW: OLD}}`; here it cannot be guessed what was meant"
        )
    return "write `option: value` lines under it"


def _models(peer: Peer) -> list[Problem]:
    entries = peer.data.get("model_list")
    if not entries:
        return [Problem("`model_list` declares no deployment", peer.place(("model_list",)), _FROM_DATABASE)]
    if not isinstance(entries, list):
        return [
            Problem(
                "`model_list` is no list",
                peer.place(("model_list",)),
                "each entry is `- model_name: …` with `litellm_params:`",
            )
        ]
    return [
        Problem(
            "an entry of `model_list` is no mapping",
            peer.place(("model_list", number)),
            "write `- model_name: …` with `litellm_params:`",
        )
        for number, entry in enumerate(entries)
        if not isinstance(entry, dict)
    ]


def _fallbacks(peer: Peer) -> list[Problem]:
    """What stops LiteLLM at its start."""
    wrong = []
    for section in ("router_settings", "litellm_settings"):
        settings = peer.data.get(section)
        for option in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks"):
            entries = settings.get(option) if isinstance(settings, dict) else None
            for number, entry in enumerate(entries if isinstance(entries, list) else ()):
                path = (section, option, number)
                if isinstance(entry, dict) and len(entry) > 1:
                    words = f"an entry of `{option}` has {len(entry)} keys; LiteLLM does not start with it"
                    wrong.append(Problem(words, peer.place(path), "one entry for each: `[{a: [b]}, {b: [a]}]`"))
        default = settings.get("default_fallbacks") if isinstance(settings, dict) else None
        if default and not isinstance(default, list):
            here = (section, "default_fallbacks")
            wrong.append(
                Problem(
                    f"`{written(here)}` is no list; LiteLLM does not start with it", peer.place(here), "write `[name]`"
                )
            )
    return wrong
