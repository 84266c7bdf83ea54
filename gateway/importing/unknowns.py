"""What nobody has said of the endpoints that were made: which rules would remove them, and what to find out."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.importing.draft import Draft
from gateway.importing.shipped import Row
from gateway.interfaces import INTERFACES

_DOOR = {
    "storage": ("residency (`storage`)", "in which countries prompts are kept"),
    "inference": ("residency (`inference`)", "in which countries they are computed"),
    "trains_on_data": ("training (`trains_on_data`)", "whether they may be used for training"),
    "retention_days": ("retention (`retention_days`)", "for how many days they are kept"),
    "quantization": ("number formats (`quantization`)", "in which format the weights are served"),
}
_WEIGHTS = {
    "base": ("lineage (`lineage`)", "from which weights they were trained"),
    "open_weights": ("openness (`open_weights`)", "whether they can be downloaded"),
    "licence": ("licences (`licence`)", "under which licence"),
    "decensored": ("`decensored`", "whether refusals were trained away"),
}


def tell_of_unknowns(draft: Draft) -> None:
    """By endpoint and by model; at the top what nothing can reach."""
    ids = draft.ids()
    for handle, id in ids.items():
        wanted = draft.wanted[handle]
        known = draft.shipped.rows["operators"].get(id.partition("@")[2].partition("/")[0])
        _of_door(draft, id, wanted.row, known)
    models = {id.partition("@")[0]: draft.wanted[handle].own_model for handle, id in ids.items()}
    for name, own in models.items():
        row = own or draft.shipped.rows["models"].get(name) or {}
        _of_weights(draft, name, row, own=own is not None)


def _of_door(draft: Draft, id: str, row: Row, operator: Row | None) -> None:
    facts = [name for name in _DOOR if row.get(name) is None]
    if facts and row["hosting"] == "hosted":
        facts = [name for name in facts if name != "quantization"] or facts
    if not facts:
        return
    rules = ", ".join(_DOOR[name][0] for name in facts)
    ask = ", ".join(_DOOR[name][1] for name in facts)
    whom = "say" if row["hosting"] == "self" else "its terms say"
    who = (
        ""
        if operator is not None or row["hosting"] == "self"
        else (
            "; who runs it and where that company is: rules on `exposure`, `operator_country` and "
            "`lists` remove it, too"
        )
    )
    draft.findings.say(
        "unknown",
        id,
        (
            f"a guard that asks for {rules} removes it; {whom} {ask}: write it into "
            f"`catalog/imported.yaml`, with a source{who}"
        ),
    )


def _has_a_context(row: Row) -> bool:
    """Whether what it serves must fit into a context at all."""
    kinds = [INTERFACES[kind] for kind in row.get("kinds") or ["chat"] if kind in INTERFACES]
    return not kinds or any(interface.whole_context for interface in kinds)


def _of_weights(draft: Draft, name: str, row: Row, *, own: bool) -> None:
    if not row.get("context_tokens") and _has_a_context(row):
        words = (
            "its context is not known, which counts as none: **nothing can reach it** until you say, "
            "e.g. with `--context NAME=32768`"
        )
        draft.findings.say("unreachable", name, words)
    if not own:
        return
    if not row.get("can") and "embedding" not in (row.get("kinds") or ()):
        draft.findings.say(
            "unknown",
            name,
            "what it can do: requests with tools, images or a JSON schema do not go there until `can: […]` says so",
        )
    facts = [fact for fact in _WEIGHTS if row.get(fact) is None]
    lab = (
        ["whose weights these are (`lab`): guards on `origin` and `lab` remove it"]
        if row.get("lab") == "unknown"
        else []
    )
    rules, ask = ", ".join(_WEIGHTS[fact][0] for fact in facts), ", ".join(_WEIGHTS[fact][1] for fact in facts)
    words = "; ".join([*lab, f"a guard that asks for {rules} removes it: find out {ask}"])
    draft.findings.say("unknown", name, words)


def keys_to_bring(variables: Sequence[str | None]) -> str:
    """One line."""
    return ", ".join(f"`{name}`" for name in sorted({name for name in variables if name}))
