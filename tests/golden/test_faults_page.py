"""The page of faults follows the table that is run."""

from __future__ import annotations

from tools.faults_page import ROOT, page


def test_the_page_of_faults_is_what_the_table_holds():
    assert (ROOT / "docs" / "faults.md").read_text(encoding="utf-8") == page(), "run `python -m tools.faults_page`"
