"""Report pages hold together on their own."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from gateway.report.digits import money
from gateway.report.ledger import Spanned
from gateway.report.page import COUNTED, page
from gateway.report.page_summary import LOOKS
from gateway.report.reports import REPORTS, Asked
from tests.unit.policy.small import compiled
from tests.unit.report.build import row, tried

VOID = {"meta", "br", "hr", "img", "input", "link"}
FOLDER = compiled()


def made(what: str) -> Mapping[str, Any]:
    guarded = msgspec.structs.replace(row("answered", tried("gpt@openai")), removed={"glm@zai": ["eu-residency"]})
    rows = [guarded] * 40 + [row("declined", topic=["code"])] * 40
    return REPORTS[what](Asked(rows, FOLDER, text="item,usd\nopenai,1"))


def written(what: str) -> str:
    return page(what, made(what), policy_version="v<1>", made_at="today", since=None)


ATTACK = "<script>attack()</script><img src=x onerror='attack()'>\"'"


def hostile(value: Any, parent: str = "") -> Any:
    """Every word of a report as somebody might have named a model, a team, a guard or a line of an invoice."""
    if isinstance(value, dict):
        return {(ATTACK + key if parent == "requests" else key): hostile(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [hostile(each, parent) for each in value]
    numeric = isinstance(value, str) and value.replace(".", "").replace("-", "").isdigit()
    plain = not isinstance(value, str) or numeric or parent in ("by", "ChargePeriodStart", "day")
    return value if plain else ATTACK + value


class Tags(HTMLParser):
    """Raises where a tag is closed that is not open."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("what", LOOKS)
def test_a_page_is_well_formed_and_needs_nothing_from_elsewhere(what):
    tags = Tags()
    text = written(what)
    tags.feed(text)

    assert tags.open == []
    assert tags.links == [] and "script" not in tags.seen and "url(" not in text and "@import" not in text
    assert "<1>" not in text


@pytest.mark.parametrize("what", LOOKS)
def test_a_name_is_text_on_every_page(what):
    tags = Tags()
    tags.feed(page(what, hostile(made(what)), policy_version=ATTACK, made_at="today", since=ATTACK))

    assert tags.open == [] and tags.links == []
    assert not tags.seen & {"script", "img"}


@pytest.mark.parametrize("what", sorted(set(LOOKS) - {"breakeven"}))
def test_a_page_plots_its_report(what):
    assert "<svg" in written(what)


def test_a_page_without_figures_says_why():
    assert "no endpoint with `hosting: self` has `usd_per_hour`" in written("breakeven")


def test_every_page_says_how_it_is_counted():
    assert COUNTED.keys() == LOOKS.keys()


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0", "$0.00"),
        ("1234.567", "$1,234.57"),
        ("0.001234", "$0.001234"),
        ("-2.5", "−$2.50"),
        ("0.00009112", "$0.00009112"),
    ],
)
def test_money_is_read_in_cents_from_a_dollar_up(usd, shown):
    assert money(usd) == shown


def test_a_page_says_from_when_to_when_its_requests_are():
    rows = Spanned([row("answered", tried("gpt@openai"))] * 2)
    text = page("savings", REPORTS["savings"](Asked(rows, FOLDER)), policy_version="v", made_at="now", span=rows)

    assert "requests from 2026-11-20 02:00 to 2026-11-20 02:00 UTC" in text
    assert str(Spanned([])) == "no requests"
