"""Claims about the heat map."""

from __future__ import annotations

from xml.etree import ElementTree

from gateway.probe.heatmap import as_html, heat

ROWS = [
    {"model": "one", "operator": "a&b", "topic": "control", "language": "en", "n": 40,
     "rate": 0.0, "low": 0.0, "high": 0.09},
    {"model": "one", "operator": "there", "topic": "control", "language": "en", "n": 40,
     "rate": 1.0, "low": 0.91, "high": 1.0},
    {"model": "one", "operator": "there", "topic": "control", "language": "zh", "n": 12,
     "rate": None, "low": None, "high": None},
]  # fmt: skip


def test_the_drawing_is_well_formed_whatever_the_names():
    tree = ElementTree.fromstring(heat(ROWS).replace("<br>", "<br/>"))
    texts = [cell.text for name in ("td", "th") for cell in tree.iter(name)]
    assert {"one @ a&b", "0%", "100%", "not enough (12)"} <= set(texts)


def test_who_refuses_is_redder_than_who_answers():
    tree = ElementTree.fromstring(heat(ROWS).replace("<br>", "<br/>"))
    assert [cell.get("class") for cell in tree.iter("td")] == ["h0", "none", "h10", "few"]


def test_the_page_needs_nothing_from_elsewhere():
    page = as_html("<title>", {"refusals": ROWS}, {"figures": ROWS})
    assert "<script" not in page and "src=" not in page and "&lt;title&gt;" in page


def test_a_name_is_text_in_map_and_tables():
    attack = "<img src=x onerror='attack()'>\""
    rows = [{**row, "model": attack, "operator": attack, "topic": attack, "language": attack} for row in ROWS]
    page = as_html(attack, {attack: rows}, {attack: rows})
    assert "<img" not in page and '"">' not in page
