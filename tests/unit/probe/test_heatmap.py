"""Claims about the heat map."""

from __future__ import annotations

from xml.etree import ElementTree

from gateway.probe.heatmap import as_html, svg

ROWS = [
    {"model": "one", "operator": "a&b", "topic": "control", "language": "en", "n": 40,
     "rate": 0.0, "low": 0.0, "high": 0.09},
    {"model": "one", "operator": "there", "topic": "control", "language": "en", "n": 40,
     "rate": 1.0, "low": 0.91, "high": 1.0},
    {"model": "one", "operator": "there", "topic": "control", "language": "zh", "n": 12,
     "rate": None, "low": None, "high": None},
]  # fmt: skip


def test_the_drawing_is_well_formed_whatever_the_names():
    tree = ElementTree.fromstring(svg(ROWS))
    texts = [text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"one @ a&b", "0%", "100%", "not enough (12)"} <= set(texts)


def test_who_refuses_is_redder_than_who_answers():
    tree = ElementTree.fromstring(svg(ROWS))
    fills = [box.get("fill") for box in tree.iter("{http://www.w3.org/2000/svg}rect")]
    assert fills == ["#eef2f6", "#ffffff", "#b2182b", "#ffffff"]


def test_the_page_needs_nothing_from_elsewhere():
    page = as_html("<title>", {"refusals": ROWS}, {"figures": ROWS})
    assert "<script" not in page and "src=" not in page and "&lt;title&gt;" in page
