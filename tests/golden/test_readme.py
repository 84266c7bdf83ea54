"""What the pages promise of the demo is what it does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from gateway.cli import demo
from gateway.demo.vendors.profiles import VENDORS
from gateway.demo.vendors.refusals import way

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFUSALS = (ROOT / "docs" / "refusals.md").read_text(encoding="utf-8")
CHINESE_HOSTED = next(vendor for vendor in VENDORS if vendor.id == "simulated-cn")


def test_each_question_is_refused_in_the_way_that_is_said() -> None:
    table = REFUSALS.partition("| ask the demo |")[2].partition("\n\n")[0]
    asked = re.findall(r"^\| (.+?\?) \|", table, re.MULTILINE)

    ways = ["risk_400", "sensitive", "empty", "canned", "evade", "mid_stream"]
    assert [way(question, CHINESE_HOSTED) for question in asked] == ways


def test_the_demo_prints_one_that_is_refused() -> None:
    assert way(demo._REFUSED, CHINESE_HOSTED) is not None


def test_it_says_how_the_demo_is_given_traffic() -> None:
    said = re.search(r"`gateway demo (--traffic) \d+`", README)
    option = inspect.signature(demo.demo, eval_str=True).parameters["requests"].annotation.__metadata__[0]

    assert said is not None and said[1] in (option.default, *option.param_decls)
