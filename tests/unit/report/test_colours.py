"""One table of colours: an origin looks the same in the console, in reports and in Grafana."""

from __future__ import annotations

import json
import re

import pytest

from gateway.catalog.countries import ISO
from gateway.report.colours import COLOURS, FAMILIES, OTHERS, console_script, console_style, family_of
from gateway.report.page_summary import LOOKS
from gateway.report.style import STYLE
from grafana.build import files

ORIGINS = ["CN", "HK", "US", "FR", "GB", "KR", "IN", "AE", "CA", "BR", "none", "unknown"]


def in_console(origin: str) -> str:
    """By the script that the page runs and the style that it loads."""
    families = json.loads(console_script().split("FAMILIES = ")[1].split(";\n")[0])
    return variable(console_style(), f"--{families.get(origin, OTHERS)}")


def in_a_report(origin: str) -> str:
    row = {"key": origin, "requests": 1, "answered": 1, "share": 1.0, "tokens": 1, "cost_usd": "1"}
    plots = "".join(LOOKS["adoption"]({"by": "origin", "requests": 1, "rows": [row], "days": []}).plots)
    found = re.search(r'<rect class="(o-\w+)"', plots)
    assert found is not None
    assert f".{found[1]} {{ fill: var(--{found[1]})" in STYLE
    return variable(STYLE, f"--{found[1]}")


def variable(style: str, name: str) -> str:
    """As it is in light."""
    found = re.search(rf"{name}: ?(#[0-9a-f]{{6}})", style)
    assert found is not None, name
    return found[1]


def in_grafana(origin: str) -> set[str]:
    """Of every panel whose legend is an origin; the last that fits counts."""
    found = set()
    for text in files().values():
        for panel in json.loads(text)["panels"]:
            if any(query.get("legendFormat") == "{{origin}}" for query in panel.get("targets", ())):
                fits = [
                    rule["properties"][0]["value"]["fixedColor"]
                    for rule in panel["fieldConfig"]["overrides"]
                    if re.search(rule["matcher"]["options"].strip("/"), origin)
                ]
                found.add(fits[-1])
    return found


@pytest.mark.parametrize("origin", ORIGINS)
def test_an_origin_has_one_colour_in_console_reports_and_grafana(origin):
    colour = COLOURS[family_of(origin)].light

    assert (in_console(origin), in_a_report(origin), in_grafana(origin)) == (colour, colour, {colour})


def test_every_country_has_a_colour_and_no_two_families_share_one():
    assert set(FAMILIES) - {"none", "unknown", "cache"} <= ISO
    assert {family_of(origin) for origin in ISO} <= set(COLOURS)
    for theme in ("light", "light_faint", "dark", "dark_faint"):
        assert len({getattr(colour, theme) for colour in COLOURS.values()}) == len(COLOURS)
