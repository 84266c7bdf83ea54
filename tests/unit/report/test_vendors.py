"""The vendor-risk register: worst first, factor by factor, unknowns as to-dos, safe to open."""

from __future__ import annotations

import csv
import io

from gateway.report.vendors import COLUMNS, as_csv, as_html, as_table, vendor_rows
from tests.unit.catalog.small import KNOWN, PRICE, WIRE, standing

PARTS = f"""
operators:
  - {{id: mine, name: "=cmd()", country: CN, parent: <b>Owner</b>, parent_country: CN, lists: [us_1260h],
     listings: [{{list: us_1260h, what: Mine, date: 2026-06-08}}]}}
endpoints:
  - {{id: acorn@mill, {KNOWN}, {PRICE}, {WIRE}}}
  - {{id: acorn@mine, storage: null, inference: [CN], {PRICE}, {WIRE}}}
  - {{id: cone@mine, storage: [CN], inference: [CN], trains_on_data: true, {WIRE}}}
"""


def rows():
    return vendor_rows(standing(PARTS))


def test_the_riskiest_vendor_comes_first_and_vendors_without_endpoints_are_left_out():
    assert [(row["operator"], row["risk"], row["endpoints"]) for row in rows()] == [
        ("mine", "high", 2),
        ("mill", "low", 1),
    ]


def test_every_factor_says_on_how_many_endpoints_it_counts_and_for_want_of_a_fact():
    factors = {factor["id"]: (factor["counts"], factor["unknown"]) for factor in rows()[0]["factors"]}

    assert factors == {
        "covered-nation": (2, 0),
        "listed-operator": (2, 0),
        "trains-on-prompts": (2, 1),
        "listed-weights": (1, 0),
        "keeps-prompts": (2, 2),
        "unaudited": (2, 2),
        "no-indemnity": (2, 2),
    }


def test_every_unknown_is_a_to_do():
    assert rows()[0]["unknown"] == [
        "certifications",
        "indemnity",
        "sla",
        "storage of 1 endpoint",
        "trains_on_data of 1 endpoint",
        "retention_days of 2 endpoints",
        "price of 1 endpoint",
    ]


def test_different_answers_of_endpoints_stand_side_by_side():
    mine = rows()[0]

    assert (mine["trains_on_data"], mine["storage"]) == ([True, None], ["CN", "unknown"])


def test_a_spreadsheet_takes_no_cell_for_a_formula():
    read = list(csv.DictReader(io.StringIO(as_csv(rows()))))

    assert tuple(read[0]) == COLUMNS
    assert read[0]["name"] == "'=cmd()"
    assert read[1]["lists"] == "none"


def test_the_page_shows_names_as_text():
    page = as_html(rows())

    assert "&lt;b&gt;Owner&lt;/b&gt;" in page
    assert "<script" not in page


def test_the_table_names_listings_reasons_and_to_dos():
    told = as_table(rows())

    assert "mine: high, 2 endpoints, <b>Owner</b> (CN)" in told
    assert "  listed: us_1260h since 2026-06-08: Mine" in told
    assert "  to do: find out sla" in told
    assert "trains-on-prompts on 2 of 2, for want of a fact on 1" in told
