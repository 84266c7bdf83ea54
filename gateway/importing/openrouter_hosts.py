"""OpenRouter's preferences about hosts: entries of `try` (our own choice of direct doors) and guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.importing.draft import Draft, Handle, Item, Wanted, unique, word
from gateway.importing.shipped import Row, operator_of
from gateway.source.peer import Path

_PLACES = {  # OpenRouter's word for a host: our operator, or operator/region where that says more
    "z-ai": "zai",
    "z.ai": "zai",
    "moonshotai": "moonshot",
    "moonshot-ai": "moonshot",
    "alibaba": "alibaba-qwen/singapore",
    "google-vertex": "vertex",
    "google-ai-studio": "google",
    "google": "vertex",
    "amazon-bedrock": "aws-bedrock",
    "azure": "azure-foundry",
    "siliconflow": "siliconflow/intl",
    "nebius-ai-studio": "nebius",
    "mistralai": "mistral",
    "x-ai": "xai",
}
_OFFERED = frozenset(  # our operators that are hosts of OpenRouter: without a list it chooses among these
    "openai anthropic google vertex aws-bedrock azure-foundry mistral deepseek moonshot zai minimax stepfun xiaomi xai "
    "cohere perplexity groq cerebras sambanova together fireworks deepinfra baseten novita nebius siliconflow "
    "alibaba-qwen baidu nvidia arcee inceptron meta".split()
)
_ORDERS = {"price": "price", "throughput": "total_time", "latency": "first_byte"}
_KNOWN = frozenset(
    "order only ignore allow_fallbacks require_parameters data_collection zdr quantizations sort max_price".split()
)


def preferences(draft: Draft, path: Path, called: str, models: Sequence[str], prefs: Mapping[str, Any]) -> list[Item]:
    """Entries of `try` for these models; guards and what is not carried go to the draft."""
    hosts = {option: _hosts(draft, (*path, option), prefs.get(option)) for option in ("order", "only")}
    items: list[Item] = []
    for model in models:
        items += _model_items(draft, path, called, model, prefs, hosts)
    protections(draft, path, called, prefs)
    _rest(draft, path, prefs)
    return items


def _hosts(draft: Draft, path: Path, given: object) -> list[str] | None:
    """Our places for a list of slugs; None if the option is absent."""
    if given is None:
        return None
    found = []
    for number, slug in enumerate(given if isinstance(given, list) else [given]):
        name, _, pinned = str(slug).lower().replace(" ", "-").partition("/")
        place = _PLACES.get(name, name)
        if pinned in ("fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "int4", "int8"):
            words = (
                f"`/{pinned}` pins the number format, which the catalogue knows of no hosted door: left "
                "out, unknown never helps; add the door once its format is known"
            )
            draft.findings.tell("not_carried", (*path, number), words)
            continue
        if place.partition("/")[0] not in draft.shipped.rows["operators"]:
            draft.findings.tell(
                "not_carried", (*path, number), f"`{word(name)}`: the catalogue has no such host: left out"
            )
            continue
        found.append(f"{place.partition('/')[0]}/{pinned}" if pinned else place)
    return found


def _model_items(
    draft: Draft, path: Path, called: str, model: str, prefs: Mapping[str, Any], hosts: Mapping[str, list[str] | None]
) -> list[Item]:
    doors = _doors(draft, model)
    order, only = hosts["order"], hosts["only"]
    allowed = [row for row in doors if only is None or any(_at(row, place) for place in only)]
    listed = [next((row for row in allowed if _at(row, place)), None) for place in order or ()]
    first = [row for row in listed if row is not None]
    rest = (
        [row for row in allowed if row not in first]
        if only is not None or order is None or prefs.get("allow_fallbacks") is not False
        else []
    )
    if order is not None and only is not None and prefs.get("allow_fallbacks") is False:
        rest = []
    for option, places in hosts.items():
        missing = [place for place in places or () if not any(_at(row, place) for row in doors)]
        if missing:
            draft.findings.tell(
                "not_carried",
                (*path, option),
                f"`{called}`: no door to {model} in the catalogue at {', '.join(missing)}: left out",
            )
        draft.findings.carried((*path, option))
    ceiling = _ceiling(prefs)
    made = [_item(draft, [row], ceiling, together=ceiling is not None) for row in first]
    return made + ([_item(draft, rest, ceiling, together=True)] if rest else [])


def _item(draft: Draft, rows: Sequence[Row], ceiling: float | None, *, together: bool) -> Item:
    return Item(tuple(_want(draft, row) for row in rows), together=together, at_most=ceiling)


def _want(draft: Draft, row: Row) -> Handle:
    return draft.want(Wanted(row, str(row["key_env"]) if row.get("key_env") else None))


def _doors(draft: Draft, model: str) -> list[Row]:
    """Direct ones, not OpenRouter's own, with an address that is known."""
    rows = [row for rows in draft.shipped.by_base.values() for row in rows if str(row["id"]).partition("@")[0] == model]
    rows = [row for row in rows if "{" not in str(row["base_url"]) and operator_of(row) in _OFFERED]
    here = {str(row["id"]).partition("@")[2] for row in rows}
    plain = {place.partition("/")[0] for place in here if "/" not in place}
    fixed = {place.partition("/")[0]: place for place in _PLACES.values() if "/" in place}

    def is_its(place: str) -> bool:
        """Of several places of a host only the one that OpenRouter means, where that is known."""
        host, _, region = place.partition("/")
        return place == fixed[host] if host in fixed else region in ("", "us", "eu") or host not in plain

    return [row for row in rows if is_its(str(row["id"]).partition("@")[2])]


def _at(row: Row, place: str) -> bool:
    here = str(row["id"]).partition("@")[2]
    return here == place or here.partition("/")[0] == place


def _ceiling(prefs: Mapping[str, Any]) -> float | None:
    given = prefs.get("max_price")
    value = given.get("completion") if isinstance(given, dict) else None
    try:
        return None if value is None or isinstance(value, bool) else max(0.0, min(float(str(value)), 1e6))
    except ValueError:
        return None


def order_of(prefs: Mapping[str, Any], suffix: str | None) -> str | None:
    """What sorts hosts; without a word OpenRouter draws, the cheaper the likelier."""
    said = prefs.get("sort")
    said = said.get("by") if isinstance(said, dict) else said
    said = {"nitro": "throughput", "floor": "price"}.get(str(suffix), said)
    if isinstance(said, str) and said in _ORDERS:
        return _ORDERS[said]
    return None if prefs.get("order") else "price"


def protections(draft: Draft, path: Path, called: str, prefs: Mapping[str, Any]) -> None:
    """Guards: they hold for these names whatever else is asked, on every hop."""
    if prefs.get("data_collection") == "deny":
        _guard(
            draft,
            called,
            "no-data-collection",
            "the requests asked for hosts that collect no data",
            {"only": {"trains_on_data": False}},
        )
        draft.findings.carried((*path, "data_collection"))
    if prefs.get("zdr") is True:
        _guard(
            draft,
            called,
            "zero-retention",
            "the requests asked for hosts that keep nothing",
            {"only": {"retention_days": 0}},
        )
        draft.findings.carried((*path, "zdr"))
    ignored = _hosts(draft, (*path, "ignore"), prefs.get("ignore")) or []
    operators = list(dict.fromkeys(place.partition("/")[0] for place in ignored))
    if operators:
        _guard(
            draft,
            called,
            "ignored-hosts",
            "the requests named hosts to stay away from",
            {"never": {"operator": operators}},
        )
        draft.findings.carried((*path, "ignore"))
    if prefs.get("quantizations"):
        words = (
            "a filter on the number format, which the catalogue knows of no hosted door: a guard `only: "
            "{quantization: […]}` would refuse everything, so it is not written; once formats are known, "
            "paste it"
        )
        draft.findings.tell("lost", (*path, "quantizations"), words)


def _guard(draft: Draft, called: str, name: str, why: str, tests: Row) -> None:
    names = [known for known, note in draft.names.items() if known == called or note.endswith(f"for {called}")]
    taken = {str(guard["name"]) for guard in draft.guards}
    prefix = None if "/" in called and not called.startswith("@") else called.removeprefix("@preset/")
    when = {"model": (names or [called])[0] if len(names) < 2 else names}
    draft.guards.append(
        {"name": unique(name if prefix is None else word(f"{prefix}-{name}"), taken), "why": why, "when": when, **tests}
    )


def _rest(draft: Draft, path: Path, prefs: Mapping[str, Any]) -> None:
    findings = draft.findings
    if prefs.get("require_parameters") is not None:
        findings.tell(
            "assumed",
            (*path, "require_parameters"),
            "endpoints that cannot do what a request needs are always left out here",
        )
    if "allow_fallbacks" in prefs:
        findings.carried((*path, "allow_fallbacks"))
    if "sort" in prefs:
        findings.tell(
            "assumed",
            (*path, "sort"),
            (
                "written as `order:` of the route, the nearest: `total_time` for throughput, "
                "`first_byte` for latency, `price`"
            ),
        )
    if isinstance(prefs.get("max_price"), dict):
        for part in prefs["max_price"]:
            if part == "completion":
                findings.carried((*path, "max_price", part))
            else:
                findings.tell(
                    "not_carried", (*path, "max_price", part), "only the output price can be tested: `price_output`"
                )
    for option in prefs:
        if option not in _KNOWN or (option == "max_price" and not isinstance(prefs[option], dict)):
            findings.tell(
                "not_carried",
                (*path, option),
                "has no word here: no floor of tokens a second, no ceiling of a latency; `order` sorts",
            )
        elif (*path, option) not in findings.done:
            findings.carried((*path, option))
