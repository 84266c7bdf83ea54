"""Laws of the catalogue: risk only rises with ignorance, lineage only grows, money adds up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import astuple

from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped
from gateway.catalog.facts import Catalog, Endpoint, Members
from gateway.catalog.lineage import descend
from gateway.catalog.price_book import PriceBook, price_book
from gateway.catalog.prices import Price, Usage, cost, cost_under, price_at, rates
from gateway.catalog.risk import assess
from gateway.catalog.table import LISTS, RISKS
from gateway.processes.policy_folder import read_folder
from gateway.source import parse
from tests.unit.catalog.small import endpoint as small_endpoint

POLICIES = Path(__file__).parents[2] / "policies"
COUNTRIES = ["CN", "DE", "HK", "US"]
PLAIN = small_endpoint()


@cache
def catalog() -> Catalog:
    files = read_folder(POLICIES)
    return compile_catalog(
        [parse(data, name) for name, data in files.items() if name.startswith("catalog/")], shipped()
    )


def members(words: list[str]) -> st.SearchStrategy[Members]:
    return st.builds(Members, st.frozensets(st.sampled_from(words)), st.booleans())


@st.composite
def endpoints(draw: st.DrawFn) -> Endpoint:
    """An endpoint of any facts that the risk rule reads."""
    operator = replace(
        PLAIN.operator,
        lists=draw(members(list(LISTS))),
        certifications=draw(members(["soc2", "iso27001"])),
        indemnity=draw(st.sampled_from([True, False, None])),
    )
    return replace(
        PLAIN,
        operator=operator,
        model=replace(PLAIN.model, lab_lists=draw(members(list(LISTS)))),
        hosting=draw(st.sampled_from(["self", "hosted"])),
        exposure=draw(members(COUNTRIES)),
        trains_on_data=draw(st.sampled_from([True, False, None])),
        retention_days=draw(st.sampled_from([None, 0, 30, 31, 400])),
    )


def less_known(endpoint: Endpoint) -> list[Endpoint]:
    """The same endpoint with one fact less."""
    operator, model = endpoint.operator, endpoint.model
    return [
        replace(endpoint, exposure=replace(endpoint.exposure, complete=False)),
        replace(endpoint, exposure=Members(frozenset(), complete=False)),
        replace(endpoint, trains_on_data=None),
        replace(endpoint, retention_days=None),
        replace(endpoint, operator=replace(operator, lists=Members(frozenset(), complete=False))),
        replace(endpoint, operator=replace(operator, certifications=Members(frozenset(), complete=False))),
        replace(endpoint, operator=replace(operator, indemnity=None)),
        replace(endpoint, model=replace(model, lab_lists=Members(frozenset(), complete=False))),
    ]


@given(endpoints())
def test_a_fact_becoming_unknown_may_only_raise_the_risk(endpoint):
    known, _ = assess(endpoint, catalog().factors)

    for vaguer in less_known(endpoint):
        assert RISKS.index(assess(vaguer, catalog().factors)[0]) >= RISKS.index(known)


graphs = st.dictionaries(
    st.integers(0, 6), st.one_of(st.none(), st.lists(st.integers(0, 6), max_size=3)), min_size=1, max_size=7
)


@given(graphs, st.lists(st.sampled_from([*COUNTRIES, None]), min_size=7, max_size=7))
def test_a_descendant_has_the_whole_lineage_of_its_bases(graph, homes):
    bases = {
        str(model): None if below is None else [str(base) for base in below if base < model and base in graph]
        for model, below in graph.items()
    }
    labs = {
        name: SimpleNamespace(country=homes[int(name)], lists=Members(frozenset({f"list-{name}"}))) for name in bases
    }
    descents = {name: descend(name, labs, bases) for name in bases}  # type: ignore[arg-type]

    for name, below in bases.items():
        for base in below or ():
            assert descents[name].countries.known >= descents[base].countries.known
            assert descents[name].lists.known >= descents[base].lists.known
            assert descents[base].countries.complete or not descents[name].countries.complete
        if below is None or labs[name].country is None:
            assert not descents[name].countries.complete


amounts = st.decimals(min_value="0.001", max_value=100, places=4)
prices = st.builds(
    lambda input, output, cached, written, reasoning: Price(
        since=PLAIN.prices[0].since,
        input=input,
        output=output,
        cached_input=cached,
        cache_write=written,
        reasoning=reasoning,
    ),
    amounts, amounts, st.none() | amounts, st.none() | amounts, st.none() | amounts,
)  # fmt: skip


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    counts = st.just(0) | st.integers(0, 10**7)
    cached, written, fresh, answered, reasoned = (draw(counts) for _ in range(5))
    return Usage(
        input_tokens=cached + written + fresh,
        cached_tokens=cached,
        cache_write_tokens=written,
        output_tokens=answered + reasoned,
        reasoning_tokens=reasoned,
    )


def paid(price: Price, usage: Usage) -> Decimal:
    found = cost_under(price, usage)
    assert found is not None
    return found


@given(prices, usages(), usages())
def test_two_usages_cost_what_they_cost_together(price, one, other):
    together = Usage(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))

    assert paid(price, one) + paid(price, other) == paid(price, together)


@given(prices, usages())
def test_every_token_is_paid_once_and_exactly(price, usage):
    kinds = (
        (usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, price.input),
        (usage.cached_tokens, price.input if price.cached_input is None else price.cached_input),
        (usage.cache_write_tokens, price.input if price.cache_write is None else price.cache_write),
        (usage.output_tokens - usage.reasoning_tokens, price.output),
        (usage.reasoning_tokens, price.output if price.reasoning is None else price.reasoning),
    )

    exact = sum(count * Fraction(rate) for count, rate in kinds if rate is not None) / 1_000_000

    assert Fraction(paid(price, usage)) == exact


@given(usages())
def test_without_prices_of_their_own_cache_and_reasoning_change_nothing(usage):
    price = Price(since=PLAIN.prices[0].since, input=Decimal(3), output=Decimal(7))

    assert cost_under(price, usage) == (usage.input_tokens * 3 + usage.output_tokens * 7) / Decimal(1_000_000)


@cache
def book() -> PriceBook:
    return price_book(tuple(catalog().endpoints.values()))


@given(st.sampled_from(sorted(catalog().endpoints)), st.floats(1_700_000_000, 1_850_000_000), st.integers(0, 400_000))
def test_the_book_says_what_the_rows_say(name, at, input_tokens):
    endpoint = catalog().endpoints[name]

    assert book().rates(at=at, input_tokens=input_tokens)[endpoint.index] == rates(
        endpoint.prices, at=at, input_tokens=input_tokens
    )


@given(st.sampled_from(sorted(catalog().endpoints)), st.floats(1_700_000_000, 1_850_000_000), usages())
def test_a_cost_names_the_price_that_gives_it(name, at, usage):
    endpoint = catalog().endpoints[name]
    found = cost(endpoint.prices, usage, at=at)
    assume(found is not None)
    assert found is not None

    assert found[0] == cost_under(found[1], usage)
    assert found[1] == price_at(endpoint.prices, at=at, input_tokens=usage.input_tokens)
