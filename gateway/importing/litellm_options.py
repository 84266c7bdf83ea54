"""Every option that has not been carried is told, with what that means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.importing.data import table
from gateway.importing.draft import Draft
from gateway.importing.litellm_deployments import Deployment
from gateway.importing.litellm_facts import INFO
from gateway.importing.litellm_names import number
from gateway.source.peer import Path

_SECTIONS = ("router_settings", "litellm_settings", "general_settings")
_PRICES = ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost")
_ROUTED = ("timeout", "order", "weight")
_ADDED = "a parameter that LiteLLM adds to requests: not sent here, the caller must send it"


def tell_of_deployment(draft: Draft, found: Deployment) -> None:
    """Of one entry of `model_list`."""
    findings, known = draft.findings, table("litellm_options.yaml")["deployment"]
    under: Path = (*found.path, "litellm_params")
    wanted = draft.wanted[found.handle]
    priced = "prices" in wanted.row and wanted.row not in draft.shipped.rows["endpoints"].values()
    for option in found.params:
        path = (*under, option)
        if (
            path in findings.done
            or (option in _PRICES and priced)
            or (option in _ROUTED and number(found.params[option]) is not None)
        ):
            findings.carried(path)
        elif option in known:
            findings.tell(known[option][0], path, known[option][1])
        elif option in _PRICES:
            findings.tell("not_carried", path, "the catalogue's price stands")
        else:
            findings.tell("not_carried", path, _ADDED)
    for option in found.info:
        _tell_of_info(
            draft, found, (*found.path, "model_info", option), option, own=wanted.own_model is not None, priced=priced
        )
    for option in draft_entry(draft, found.path):
        if option not in ("model_name", "litellm_params", "model_info"):
            findings.tell(
                "no_effect",
                (*found.path, option),
                "LiteLLM reads `model_name`, `litellm_params` and `model_info` of an entry",
            )


def draft_entry(draft: Draft, path: Path) -> Mapping[str, Any]:
    """The entry as it is written."""
    entry: Any = draft.findings.peer.data
    for step in path:
        entry = entry[step]
    return entry if isinstance(entry, dict) else {}


def _tell_of_info(draft: Draft, found: Deployment, path: Path, option: str, *, own: bool, priced: bool) -> None:
    if (
        path in draft.findings.done
        or option in ("id", "base_model", "mode")
        or (option in INFO and own)
        or (option in _PRICES and priced)
    ):
        draft.findings.carried(path)
    elif option in INFO or option in _PRICES:
        draft.findings.tell(
            "not_carried", path, "the catalogue knows these weights and this door: its own facts and prices stand"
        )
    elif option == "access_groups":
        draft.findings.tell(
            "not_carried", path, "groups are for allow-lists of teams and keys: import with `--teams` and `--keys`"
        )
    else:
        draft.findings.tell(
            "not_carried",
            path,
            (
                "a label that other programs read, no fact: if it is true, write it as a fact of the "
                "endpoint, with its source"
            ),
        )


def tell_of_options(draft: Draft, data: Mapping[str, Any]) -> None:
    """Of all sections."""
    names, options = table("litellm_names.yaml"), table("litellm_options.yaml")
    for section, value in data.items():
        if section in ("model_list", "include", "credential_list", "guardrails"):
            continue
        if section in _SECTIONS:
            for option in value or {}:
                _tell(draft, (section, option), options[section].get(option), read=option in names[section])
        else:
            _tell(draft, (section,), options["sections"].get(section), read=section in names["sections"])


def _tell(draft: Draft, path: Path, known: list[Any] | None, *, read: bool) -> None:
    done = draft.findings.done
    if path in done or any(other[: len(path)] == path for other in done):
        _rest(draft, path)
        return
    if known is not None:
        draft.findings.tell(known[0], path, known[1])
    elif read:
        draft.findings.tell("not_carried", path, "has no word here")
    else:
        draft.findings.tell(
            "no_effect", path, "LiteLLM 1.110 reads nothing of this name here; if yours does, it is not carried"
        )


def _rest(draft: Draft, path: Path) -> None:
    """Parts of an option of which other parts were carried."""
    value: Any = draft.findings.peer.data
    for step in path:
        value = value[step]
    inner = value if isinstance(value, dict) else {}
    for key in inner:
        here = (*path, key)
        if path not in draft.findings.done and not any(other[: len(here)] == here for other in draft.findings.done):
            draft.findings.tell("not_carried", here, "has no word here")
