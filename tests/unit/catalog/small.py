"""Small catalogues to compile."""

from __future__ import annotations

from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped
from gateway.catalog.facts import Catalog, Endpoint
from gateway.errors import Problems
from gateway.source import parse

LABS = """
labs:
  - {id: oak, name: Oak, country: US, lists: [], screened: 2026-11-01, source: seen, checked: 2026-11-01}
  - {id: pine, name: Pine, country: CN, lists: [us_entity_list], screened: 2026-11-01}
  - {id: fog, name: Fog}
"""
MODELS = """
models:
  - {id: acorn, lab: oak, base: [], open_weights: true, licence: MIT, decensored: false, can: [tools, vision]}
  - {id: cone, lab: pine, base: [], licence: kimi-k3-license}
  - {id: graft, lab: oak, base: [cone], decensored: true}
  - {id: mist, lab: oak, base: null}
"""
OPERATORS = """
operators:
  - {id: mill, name: Mill, country: US, parent_country: DE, lists: [], certifications: [soc2], indemnity: true}
  - {id: self, name: Self, country: DE, parent_country: DE, lists: []}
"""
KNOWN = "storage: [DE], inference: [DE], trains_on_data: false, retention_days: 0"
PRICE = "prices: [{since: 2026-01-01, input: 1, output: 2}]"
WIRE = "hosting: hosted, api: openai, base_url: https://mill.example/v1, key_env: MILL_API_KEY"


def catalog(*parts: str) -> Catalog:
    """Raises Problems."""
    documents = [parse(part.encode(), f"catalog/{number}.yaml") for number, part in enumerate(parts)]
    return compile_catalog(documents, shipped())


def standing(*parts: str) -> Catalog:
    """The labs, models and operators above, and these parts."""
    return catalog(LABS, MODELS, OPERATORS, *parts)


def endpoint(
    line: str = "", *, id: str = "acorn@mill", facts: str = KNOWN, prices: str = PRICE, wire: str = WIRE
) -> Endpoint:
    """One door; `line` holds further fields."""
    parts = ", ".join(part for part in (f"id: {id}", facts, prices, wire, line) if part)
    return standing(f"endpoints:\n  - {{{parts}}}\n").endpoints[id]


def complaints(*parts: str) -> list[str]:
    """What is wrong with the labs, models and operators above and these parts."""
    try:
        standing(*parts)
    except Problems as wrong:
        return [problem.message for problem in wrong.problems]
    return []
