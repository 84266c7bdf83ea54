"""The page of what is known of vendors' wires follows the rows."""

from __future__ import annotations

from tools.wires_page import ROOT, page


def test_the_page_of_vendors_wires_is_what_the_rows_say():
    written = (ROOT / "docs" / "wires.md").read_text(encoding="utf-8")

    assert written == page(), "run `python -m tools.wires_page`"


def test_every_quirk_names_its_source_and_the_day_it_was_checked():
    rows = [
        line.split(" | ") for line in page().splitlines() if line.startswith("| ") and not line.startswith("| vendor")
    ]

    assert [row for row in rows if "–" in (row[-2], row[-1].removesuffix(" |"))] == []
    assert len(rows) > 250
