"""The table of facts a policy may mention: what each is of, which form it has, which words it knows, how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gateway.catalog import countries
from gateway.catalog.facts import Catalog, Endpoint, Members
from gateway.catalog.rows import GATES

Form = Literal["word", "set", "bool", "number", "ordered"]
Known = str | bool | int | float | Members | None  # None is unknown; a set fact is always Members

LISTS = ("us_entity_list", "us_1260h", "us_ndaa_1532", "ofac", "ofac_ns_cmic", "ofac_sdn")  # ofac: any list of OFAC
RISKS = ("low", "medium", "high")
LICENCE_FAMILIES = ("permissive", "restricted", "proprietary")
HOSTINGS = ("self", "hosted")
CAPABILITIES = (
    "tools",
    "parallel_tools",
    "vision",
    "audio",
    "file",
    "json_schema",
    "logprobs",
    "reasoning",
    "stored_state",
    "hosted_tools",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One word of the policy language that `only`, `never` and `{any: …}` may mention."""

    name: str
    of: Literal["endpoint", "model", "operator", "derived"]
    form: Form
    description: str
    read: Callable[[Endpoint], Known] | None  # None: it depends on the time; see prices.output_price_at
    words: Callable[[Catalog], tuple[str, ...]] | None = None  # the closed choices, ascending if ordered; None: open
    has_only: bool = False  # accepts no test but `{has: …}`
    in_guards: bool = True


def fact(endpoint: Endpoint, name: str) -> Known:
    """What is known of this endpoint under this name; every fact of FACTS but the timed `price_output`."""
    read = FACTS[name].read
    if read is None:
        raise ValueError(f"`{name}` depends on the time: ask prices.output_price_at")
    return read(endpoint)


def _fixed(*words: str) -> Callable[[Catalog], tuple[str, ...]]:
    return lambda catalog: words


def _seen(read: Callable[[Endpoint], str | None]) -> Callable[[Catalog], tuple[str, ...]]:
    def words(catalog: Catalog) -> tuple[str, ...]:
        return tuple(sorted({word for endpoint in catalog.endpoints.values() if (word := read(endpoint)) is not None}))

    return words


_COUNTRIES = _fixed(*sorted(countries.ISO))


def _certifications(catalog: Catalog) -> tuple[str, ...]:
    return tuple(sorted({name for operator in catalog.operators.values() for name in operator.certifications.known}))


_ROWS = (
    Fact(
        "endpoint",
        "endpoint",
        "word",
        "`model@operator` or `model@operator/region`",
        lambda e: e.id,
        lambda catalog: tuple(catalog.endpoints),
    ),
    Fact(
        "model",
        "model",
        "word",
        "the weights",
        lambda e: None if e.passes else e.model.id,
        lambda catalog: tuple(catalog.models),
    ),
    Fact(
        "lab",
        "model",
        "word",
        "who trained the final weights",
        lambda e: None if e.passes else e.model.lab.id,
        lambda catalog: tuple(catalog.labs),
    ),
    Fact(
        "origin",
        "model",
        "word",
        "country of the lab that trained the final weights",
        lambda e: e.model.origin,
        _COUNTRIES,
    ),
    Fact(
        "lineage",
        "model",
        "set",
        "countries of the lab and of every ancestor of the weights",
        lambda e: e.model.lineage,
        _COUNTRIES,
    ),
    Fact("open_weights", "model", "bool", "the weights can be downloaded", lambda e: e.model.open_weights),
    Fact(
        "licence",
        "model",
        "word",
        "SPDX id, or an id of the licences of the catalogue",
        lambda e: e.model.licence,
        _seen(lambda e: e.model.licence),
    ),
    Fact(
        "licence_family",
        "model",
        "word",
        "what the licence amounts to",
        lambda e: e.model.licence_family,
        _fixed(*LICENCE_FAMILIES),
    ),
    Fact(
        "licence_gates",
        "model",
        "set",
        "gates of the licence: `maas` hosts it for others, `commercial` is forbidden or needs authorisation",
        lambda e: e.model.licence_gates,
        _fixed(*GATES),
    ),
    Fact(
        "territory_excluded",
        "model",
        "set",
        "countries where the licence does not hold",
        lambda e: e.model.territory_excluded,
        _COUNTRIES,
    ),
    Fact("decensored", "model", "bool", "refusals of a base were trained away", lambda e: e.model.decensored),
    Fact(
        "operator",
        "operator",
        "word",
        "who runs the machines",
        lambda e: e.operator.id,
        lambda catalog: tuple(catalog.operators),
    ),
    Fact(
        "operator_country",
        "operator",
        "word",
        "where the operator is incorporated",
        lambda e: e.operator.country,
        _COUNTRIES,
    ),
    Fact(
        "parent_country",
        "operator",
        "word",
        "where its ultimate owner is",
        lambda e: e.operator.parent_country,
        _COUNTRIES,
    ),
    Fact(
        "storage", "endpoint", "set", "countries where prompts are kept; none: nowhere", lambda e: e.storage, _COUNTRIES
    ),
    Fact("inference", "endpoint", "set", "countries where prompts may be computed", lambda e: e.inference, _COUNTRIES),
    Fact(
        "exposure",
        "derived",
        "set",
        "operator and parent country, storage and inference together",
        lambda e: e.exposure,
        _COUNTRIES,
    ),
    Fact("hosting", "endpoint", "word", "own machines, or somebody else's", lambda e: e.hosting, _fixed(*HOSTINGS)),
    Fact("trains_on_data", "endpoint", "bool", "prompts may be used for training", lambda e: e.trains_on_data),
    Fact("retention_days", "endpoint", "number", "days that prompts are kept; 0: none", lambda e: e.retention_days),
    Fact(
        "lists",
        "derived",
        "set",
        "restricted-party lists on which the operator, its parent, the lab or an ancestor's lab stands",
        lambda e: e.lists,
        _fixed(*LISTS),
    ),
    Fact("risk", "derived", "ordered", "vendor risk by the rule of risk.yaml", lambda e: e.risk, _fixed(*RISKS)),
    Fact("indemnity", "operator", "bool", "the operator indemnifies against claims", lambda e: e.operator.indemnity),
    Fact("sla", "operator", "number", "promised availability in percent", lambda e: e.operator.sla),
    Fact(
        "certifications",
        "operator",
        "set",
        "audits the operator holds",
        lambda e: e.operator.certifications,
        _certifications,
        has_only=True,
    ),
    Fact(
        "quantization",
        "endpoint",
        "word",
        "number format of the weights as served",
        lambda e: e.quantization,
        _seen(lambda e: e.quantization),
    ),
    Fact(
        "price_output",
        "endpoint",
        "number",
        "US dollars per million output tokens at the time of the request",
        None,
        in_guards=False,
    ),
    Fact(
        "context_tokens",
        "model",
        "number",
        "the longest context",
        lambda e: None if e.passes else e.model.context_tokens or None,
    ),
    Fact("can", "endpoint", "set", "capabilities", lambda e: Members(e.can), _fixed(*CAPABILITIES), has_only=True),
)
FACTS = {row.name: row for row in _ROWS}
