"""The page of metrics and alerts follows the code."""

from __future__ import annotations

from tools.metrics_page import ROOT, page


def test_the_page_of_metrics_is_what_the_code_keeps():
    written = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")

    assert written == page(), "run `python -m tools.metrics_page`"
