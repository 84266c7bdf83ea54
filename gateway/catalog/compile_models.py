"""Labs, licences and models: compiled from rows, with lineage and lists worked out over the graph of bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from gateway.catalog.auxiliary_shapes import Gates, LicenceRow
from gateway.catalog.countries import expand
from gateway.catalog.facts import UNKNOWN_MEMBERS, Lab, Members, Model
from gateway.catalog.lineage import cycle, descend
from gateway.catalog.rows import Licence, Listing
from gateway.catalog.shapes import LabRow, ModelRow
from gateway.catalog.shapes import Listing as ListingRow
from gateway.catalog.sources import CatalogBuilder, Written
from gateway.catalog.table import CAPABILITIES
from gateway.errors import nearest
from gateway.interfaces import INTERFACES

NDAA_1532 = Listing(
    "us_ndaa_1532", "AI of companies domiciled in CN, RU, IR, KP", "2025-12-18", "P.L. 119-60 (NDAA FY2026) §1532"
)
OUTPUT_TOKENS = 500  # expected of a model with no benchmark count
LEAST_OUTPUT_TOKENS, MOST_OUTPUT_TOKENS = 100, 4000


def labs(desk: CatalogBuilder) -> dict[str, Lab]:
    """By id, in file order."""
    rows = desk.by_id(lambda file: file.labs, lambda row: row.id)
    return {name: _lab(desk, written) for name, written in rows.items()}


def _lab(desk: CatalogBuilder, written: Written[LabRow]) -> Lab:
    row = written.row
    country = desk.country(written, row.country, "country")
    lists = desk.lists(written, row.lists, [country])
    return Lab(
        id=row.id,
        name=row.name,
        country=country,
        lists=lists,
        source=row.source,
        checked=row.checked,
        owner=row.owner,
        screened=row.screened,
        listings=listings(row.listings, lists),
        note=row.note,
    )


def listings(rows: Sequence[ListingRow], lists: Members) -> tuple[Listing, ...]:
    """As written, and the one that follows from domicile if it is not written."""
    written = tuple(Listing(row.list, row.what, row.date, row.source) for row in rows)
    derived = NDAA_1532.list in lists.known and all(row.list != NDAA_1532.list for row in written)
    return (*written, NDAA_1532) if derived else written


def licences(desk: CatalogBuilder) -> dict[str, Licence]:
    """By id."""
    rows = desk.by_id(lambda file: file.licences, lambda row: row.id)
    return {name: _licence(written.row) for name, written in rows.items()}


def _licence(row: LicenceRow) -> Licence:
    gates = row.gates or Gates()
    return Licence(
        id=row.id,
        name=row.name,
        family=row.family,
        maas=gates.maas,
        revenue_usd=gates.revenue_usd,
        display=gates.display,
        monthly_users=gates.monthly_users,
        territory_excluded=tuple(gates.territory_excluded),
        commercial=gates.commercial,
        relaying_exempt=gates.relaying_exempt,
        exempt=gates.exempt,
        source=row.source,
        read=row.gates is not None,
    )


def _gates(licence: Licence | None) -> tuple[Members, Members]:
    """Names of the gates that bind, and the countries where the licence does not hold."""
    if licence is None or not licence.read:
        return UNKNOWN_MEMBERS, UNKNOWN_MEMBERS
    return Members(licence.binding), Members(expand(licence.territory_excluded))


def models(desk: CatalogBuilder, labs: Mapping[str, Lab], licences: Mapping[str, Licence]) -> dict[str, Model]:
    """By id, in file order; a model whose lab or base does not resolve is left out, with a problem."""
    rows = desk.by_id(lambda file: file.models, lambda row: row.id)
    bases = {name: _bases(desk, written, rows) for name, written in rows.items()}
    homes = {name: labs[written.row.lab] for name, written in rows.items() if _has_lab(desk, written, labs)}
    loop = cycle(bases)
    if loop:
        shown = " → ".join(f"`{name}`" for name in loop)
        desk.problems.append(rows[loop[0]].problem(f"models descend from themselves: {shown}", "base"))
        return {}
    typical = _typical([written.row for written in rows.values()])
    return {
        name: _model(desk, written, homes, bases, licences, typical)
        for name, written in rows.items()
        if name in homes and all(base in homes for base in _line(name, bases))
    }


def _line(name: str, bases: Mapping[str, Sequence[str] | None]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(bases.get(waiting.pop()) or ()) - found
        found |= new
        waiting += new
    return found


def _bases(
    desk: CatalogBuilder, written: Written[ModelRow], rows: Mapping[str, Written[ModelRow]]
) -> tuple[str, ...] | None:
    """What the weights come from; of a router, also what it may hand a request to."""
    row = written.row
    named = [("base", row.base or []), ("router_of", row.router_of or [])]
    for field, names in named:
        for number, name in enumerate(names):
            if name not in rows:
                help_ = nearest(name, rows)
                desk.problems.append(written.problem(f"no model is called `{name}`", field, number, help=help_))
    known = tuple(dict.fromkeys(name for _, names in named for name in names if name in rows))
    return None if row.base is None else known


def _has_lab(desk: CatalogBuilder, written: Written[ModelRow], labs: Mapping[str, Lab]) -> bool:
    if written.row.lab in labs:
        return True
    desk.problems.append(
        written.problem(f"no lab is called `{written.row.lab}`", "lab", help=nearest(written.row.lab, labs))
    )
    return False


def _model(
    desk: CatalogBuilder,
    written: Written[ModelRow],
    homes: Mapping[str, Lab],
    bases: Mapping[str, tuple[str, ...] | None],
    licences: Mapping[str, Licence],
    typical: float,
) -> Model:
    row = written.row
    descent = descend(row.id, homes, bases)
    licence = licences.get(row.licence) if row.licence else None
    gates, excluded = _gates(licence)
    return Model(
        id=row.id,
        lab=homes[row.id],
        bases=tuple(row.base) if row.base is not None else None,
        lineage=descent.countries,
        lab_lists=descent.lists,
        open_weights=row.open_weights,
        licence=row.licence,
        licence_family=licence.family if licence else None,
        licence_gates=gates,
        territory_excluded=excluded,
        decensored=row.decensored,
        context_tokens=row.context_tokens or 0,
        kinds=frozenset(row.kinds or ["chat"]),
        can=desk.words(written, row.can or [], CAPABILITIES, "can"),
        output_tokens=_expected_output(row, typical),
        source=row.source,
        checked=row.checked,
        ancestors=descent.ancestors,
        certainty=row.certainty,
        router_of=tuple(row.router_of) if row.router_of is not None else None,
        output_limit=row.output_limit,
        benchmark_tokens={str(effort): count for effort, count in row.benchmark_tokens.items()},
        note=row.note,
        also=tuple(row.also),
    )


def _typical(rows: Sequence[ModelRow]) -> float:
    counts = [count for row in rows if (count := _benchmark(row)) is not None]
    return median(counts) if counts else 1.0


def _benchmark(row: ModelRow) -> float | None:
    tokens = row.benchmark_tokens
    if not tokens:
        return None
    return tokens.get("default") or tokens.get("medium") or median(tokens.values())


def _expected_output(row: ModelRow, typical: float) -> int:
    """Benchmark counts say how models compare, so they scale a common guess."""
    count = _benchmark(row)
    if row.kinds and not any(INTERFACES[kind].writes for kind in row.kinds):
        return 0
    scaled = OUTPUT_TOKENS if count is None else OUTPUT_TOKENS * count / typical
    return round(min(max(scaled, LEAST_OUTPUT_TOKENS), MOST_OUTPUT_TOKENS))
