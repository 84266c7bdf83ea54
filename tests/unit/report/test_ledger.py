"""Where rows come from, and what is said when they do not."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import pytest

from gateway.errors import LedgerUnusable
from gateway.record.store import open_store
from gateway.report.ledger import recorded, well_known
from gateway.settings import Settings
from tests.unit.record.build import GLM, GPT, QWEN, attempt, outcome, put, request

NOW = 1_795_000_000.0

LINE = {"request_id": "r", "at": "2026-11-20T02:00:00Z", "outcome": "answered"}
TRIED = {"endpoint": "a@b", "outcome": "answered"}


def lines(path, *texts: str, since: float = 0.0):
    path.write_text("\n".join(texts))
    return [row.request_id for row in recorded(str(path), settings=Settings(), since=since)]


def test_a_file_holds_one_request_a_line_and_blank_lines_are_nothing(tmp_path):
    assert lines(tmp_path / "l", json.dumps(LINE), "", json.dumps(LINE | {"request_id": "s"})) == ["r", "s"]


def test_a_time_without_a_zone_is_utc(tmp_path):
    line = json.dumps(LINE | {"at": "2026-11-20T02:00:00"})

    assert lines(tmp_path / "l", line, since=1_795_140_000.0) == ["r"]
    assert lines(tmp_path / "l", line, since=1_795_140_001.0) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "l:2 is no ledger row"),
        ('{"request_id": "r", "at": "2026-11-20T02:00:00Z"}', "missing required field `outcome`"),
        (json.dumps(LINE | {"attempts": [{"endpoint": "a", "outcome": "x", "cost_usd": "cheap"}]}), "cost_usd"),
        (json.dumps(LINE | {"outcome": "answerd"}), "l:2 .* `outcome` is never `answerd`; did you mean `answered`?"),
        (json.dumps(LINE | {"attempts": [TRIED | {"outcome": "lost"}]}), "attempt 1: `outcome` is never `lost`"),
        (json.dumps(LINE | {"attempts": [TRIED, TRIED | {"purpose": "fun"}]}), "attempt 2: `purpose` is never `fun`"),
        (json.dumps(LINE | {"attempts": [TRIED | {"cost_usd": "NaN"}]}), "attempt 1: `cost_usd` is NaN"),
        (json.dumps(LINE | {"attempts": [TRIED | {"cost_usd": "-1"}]}), "attempt 1: `cost_usd` is -1"),
        (json.dumps(LINE | {"attempts": [TRIED | {"usage": {"output_tokens": -1}}]}), "tokens is below 0"),
    ],
)
def test_a_line_that_is_no_row_is_told_with_its_number(tmp_path, line, told):
    with pytest.raises(LedgerUnusable, match=told):
        lines(tmp_path / "l", json.dumps(LINE), line)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(LedgerUnusable, match="cannot be read"):
        list(recorded(str(tmp_path / "gone"), settings=Settings()))


def test_a_gateway_that_never_ran_has_no_ledger_and_none_is_made(tmp_path):
    with pytest.raises(LedgerUnusable, match="there is no ledger"):
        list(recorded(None, settings=replace(Settings(), state_dir=tmp_path)))

    assert list(tmp_path.iterdir()) == []


def test_a_line_that_is_nested_too_deeply_is_named(tmp_path):
    deep = json.dumps(LINE)[:-1] + ', "signals": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}"

    with pytest.raises(LedgerUnusable, match=":1 is no ledger row"):
        lines(tmp_path / "l", deep)


def test_endpoints_are_well_known_from_thirty_replies_of_the_last_two_months_on(tmp_path):
    settings = replace(Settings(), state_dir=tmp_path)
    assert well_known(settings, now=NOW) == frozenset()
    with closing(open_store(database_url=None, state_dir=tmp_path)) as store:
        many = [outcome(attempt(GLM), request=request(f"new{n}", at=NOW - n)) for n in range(30)]
        lost = [outcome(attempt(GPT, outcome="failed"), request=request(f"lost{n}", at=NOW - n)) for n in range(30)]
        old = [outcome(attempt(QWEN), request=request(f"old{n}", at=NOW - 61 * 86_400 - n)) for n in range(30)]
        few = [outcome(attempt(GPT), request=request(f"few{n}", at=NOW - n)) for n in range(29)]
        put(store, *many, *lost, *old, *few)

    assert well_known(settings, now=NOW) == {GLM.id}
