"""The shipped refusal model against replies written for it in ten languages."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.outcome.refusal import judge

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[f"{case['prompt'][:40]} {case['reply'][:30]!r}" for case in CASES])
def test_the_shipped_model_tells_what_a_reply_is(case):
    said = judge(case["prompt"], case["reply"], case.get("finish_reason"), prefix=case.get("prefix"))

    assert said == case["is"]
