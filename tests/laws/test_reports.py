"""Rows of other makers, however little they hold, never break a report; parts add up to the whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.estimates import PRIORS
from gateway.outcome.row import Row, read_line
from gateway.report.page import page
from gateway.report.replay import Replay
from gateway.report.reports import OF_FILES, REPORTS, Asked
from gateway.report.table import as_csv
from tests.unit.policy.small import compiled

FOLDER = compiled()
ENDPOINTS = ["gpt@openai", "glm@zai", "glm@together", "qwen@self", "gone@nowhere/eu", "odd"]
OUTCOMES = ["answered", "declined", "evaded", "filtered", "blank", "truncated", "failed", "left", "denied"]
COUNTS = st.integers(0, 10**6)
USAGE = st.fixed_dictionaries(
    {}, optional={"input_tokens": COUNTS, "cached_tokens": COUNTS, "output_tokens": COUNTS, "reasoning_tokens": COUNTS}
)
ATTEMPT = st.fixed_dictionaries(
    {"endpoint": st.sampled_from(ENDPOINTS), "outcome": st.sampled_from(OUTCOMES)},
    optional={
        "purpose": st.sampled_from(["serve", "canary", "shadow", "judge", "probe"]),
        "cost_usd": st.decimals(0, 100, places=9).map(str) | st.none(),
        "usage": USAGE | st.none(),
        "first_byte_s": st.floats(0, 100) | st.none(),
        "total_s": st.floats(0, 1000) | st.none(),
    },
)
TOPICS = st.lists(st.sampled_from(["code", "malicious", "prc_political", "new"])) | st.just("unknown") | st.none()
SIGNALS = st.fixed_dictionaries(
    {},
    optional={
        "topic": st.lists(st.sampled_from(["code", "malicious", "prc_political", "new"]))
        | st.just("unknown")
        | st.none(),
        "language": st.sampled_from(["en", "zh", "unknown"]) | st.none(),
        "tokens": COUNTS,
        "kind": st.sampled_from(["chat", "embedding"]),
        "needs": st.just([]),
        "pii": st.lists(st.sampled_from(["email"])) | st.just("unknown"),
        "data_class": st.sampled_from(["public", "regulated"]),
        "model": st.sampled_from(["auto", "glm", "gone"]),
        "effort": st.sampled_from(["default", "high", "extreme"]) | st.none(),
    },
)
ROW = st.fixed_dictionaries(
    {
        "request_id": st.text(max_size=5),
        "at": st.integers(1_767_225_600, 1_798_675_200).map(lambda at: datetime.fromtimestamp(at, UTC).isoformat()),
        "outcome": st.sampled_from(OUTCOMES),
    },
    optional={
        "team": st.sampled_from(["research", "gone"]) | st.none(),
        "app": st.none(),
        "route": st.sampled_from(["rest", "gone"]) | st.none(),
        "signals": SIGNALS,
        "removed": st.dictionaries(st.sampled_from(ENDPOINTS), st.lists(st.sampled_from(["a", "b"]))) | st.none(),
        "attempts": st.lists(ATTEMPT, max_size=4),
        "denied_by": st.sampled_from(["budget", "a"]) | st.none(),
        "something": st.just("else"),
    },
)


def rows(written: list[dict[str, object]]) -> list[Row]:
    return [read_line(json.dumps(line)) for line in written]


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=8))
def test_no_row_however_little_it_holds_breaks_a_report(written):
    for what in REPORTS.keys() - OF_FILES - {"vendors"}:
        made = REPORTS[what](Asked(rows(written), FOLDER))
        json.dumps(made, allow_nan=False)
        as_csv(made)
        page(what, made, policy_version="v", made_at="now", since=None)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=8))
def test_a_replay_accounts_for_every_request(written):
    replay, read = Replay(FOLDER, PRIORS), [row for row in rows(written) if not row.is_measurement]
    for row in read:
        replay.add(row)
    report = replay.report()

    parts = [report["same_endpoint"], report["other_endpoint"], *report["not_replayed"].values()]
    parts += [report["newly_denied"]["requests"], report["newly_permitted"]["requests"]]
    assert sum(parts) == report["requests"] == len(read)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=8), st.sampled_from(["origin", "hosting", "operator", "model", "team", "licence_family"]))
def test_the_parts_of_adoption_add_up_to_what_savings_say(written, by):
    read = [msgspec.structs.replace(row) for row in rows(written)]
    parts = REPORTS["adoption"](Asked(read, FOLDER, by))["rows"]
    whole = REPORTS["savings"](Asked(read, FOLDER))

    assert sum(row["requests"] for row in parts) == whole["requests"]
    assert sum(Decimal(row["cost_usd"]) for row in parts) == Decimal(whole["cost_usd"])
