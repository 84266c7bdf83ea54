"""The ledger on SQLite: what goes in comes out, nothing is lost unnoticed, people can be forgotten."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, text

from gateway.catalog.prices import Usage
from gateway.errors import LedgerUnusable
from gateway.outcome.outcome import Outcome
from gateway.outcome.priced import Priced
from gateway.outcome.row import read_row
from gateway.outcome.savings import Effective
from gateway.policy.explain.rule_cost import RulePrices
from gateway.record.columns import attempt_rows, request_row
from gateway.record.find import find
from gateway.record.insert import Overtaken
from gateway.record.journal.reader import Batch, Reader
from gateway.record.journal.writer import Writer
from gateway.record.ledger import LedgerSink, ingest
from gateway.record.shape import row_of, shaped
from gateway.record.store import ATTEMPTS, REQUESTS, Store, open_store
from gateway.report.rules import prices_of
from gateway.signals.value import UNKNOWN
from tests.unit.record.build import (
    FILES,
    GLM,
    GPT,
    POLICY,
    QWEN,
    attempt,
    caller,
    decision,
    entries,
    outcome,
    policy,
    put,
    request,
)

NOW = time.time()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url=None, state_dir=tmp_path)
    yield opened
    opened.close()


def test_a_row_has_the_shape_of_the_ledger_file(store: Store):
    rerouted = outcome(
        attempt(GLM, outcome="declined", cost_usd=Decimal("0.0000000003")),
        attempt(QWEN, failure=None),
        request=request("r1", at=1_763_604_000.0),
        decision=decision(data_class="regulated", topic=frozenset({"code", "prc_political"})),
        rerouted=(("glm-5@zai", "qwen3@self", "declined"),),
        passed_over=(("gpt-6@openai", "at_once"),),
    )

    put(store, rerouted)

    row = store.row("r1")
    assert row is not None
    attempts = row.pop("attempts")
    assert row == {
        "request_id": "r1",
        "client_request_id": None,
        "at": "2025-11-20T02:00:00.000000Z",
        "ended_at": "2025-11-22T08:26:40.910000Z",
        "team": "research",
        "app": "bot",
        "key_id": "research-bot",
        "route": "rest",
        "policy_version": POLICY.version,
        "signals": {
            "kind": "chat",
            "stream": False,
            "model": "auto",
            "data_class": "regulated",
            "language": "en",
            "needs": [],
            "tokens": 900,
            "topic": ["prc_political", "code"],
            "pii": [],
        },
        "outcome": "answered",
        "denied_by": None,
        "removed": {"glm-5@zai": ["no-chinese-machines", "home-only"], "gpt-6@openai": ["home-only"]},
        "proposed": ["qwen3@self"],
        "view": {"at": 1_763_800_000.0, "draw": None, "frozen": [], "conversation": None, "max_tokens": None},
        "rerouted": [["glm-5@zai", "qwen3@self", "declined"]],
        "passed_over": {"gpt-6@openai": "at_once"},
        "cache": None,
        "kept": {},
        "cache_saved_usd": None,
        "cost_usd": "0.0003100003",
        "baseline_list_usd": "0.0021",
        "baseline_permitted": True,
        "baseline_effective_usd": None,  # nobody has priced it
        "baseline_effective_errors_usd": [],
        "rules_usd": {},
        "overhead_s": 0.0004,
        "total_s": 0.91,
    }
    assert attempts[0] == {
        "endpoint": "glm-5@zai",
        "model": "glm-5",
        "operator": "zai",
        "origin": "CN",
        "exposure": ["CN"],
        "hosting": "hosted",
        "purpose": "serve",
        "outcome": "declined",
        "failure": None,
        "status": 200,
        "cost_usd": "0.0000000003",
        "price_since": "2026-11-01",
        "finish_reason": "stop",
        "first_byte_s": 0.4,
        "total_s": 0.9,
        "peer": "192.0.2.7:443",
        "certificate": "example.invalid",
        "adapted": ["tools[0].format(grammar→description)"],
        "usage": {
            "input_tokens": 900,
            "cached_tokens": 100,
            "cache_write_tokens": 0,
            "output_tokens": 20,
            "reasoning_tokens": 5,
            "audio_tokens": 0,
            "estimated": False,
        },
    }
    assert [each["endpoint"] for each in attempts] == ["glm-5@zai", "qwen3@self"]


def test_a_request_stopped_before_a_decision_has_a_row(store: Store):
    stopped = outcome(decision=None, attempts=(), result="denied", denied_by="rate", cost_usd=Decimal(0))

    put(store, stopped)

    row = store.row("r1")
    assert row is not None
    assert (row["route"], row["removed"], row["attempts"], row["denied_by"]) == (None, {}, [], "rate")


def test_the_tables_have_the_columns_that_are_read(store: Store, tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    columns = {table: {c["name"] for c in inspect(engine).get_columns(table)} for table in ("requests", "attempts")}
    engine.dispose()

    assert columns == {"requests": set(REQUESTS), "attempts": set(ATTEMPTS)}


def test_money_adds_up_exactly(store: Store):
    tenth_of_a_microcent = Decimal("0.000000001")
    put(store, *(outcome(request=request(f"r{n}"), cost_usd=tenth_of_a_microcent) for n in range(1000)))

    total = sum(Decimal(row["cost_usd"]) for row in store.rows())

    assert total == Decimal("0.000001000")


def test_writing_a_batch_again_changes_nothing(store: Store):
    batch = [outcome(request=request(f"r{n}")) for n in range(120)]

    put(store, *batch)
    before = list(store.rows())
    put(store, *batch)

    assert list(store.rows()) == before


def test_rows_come_oldest_first_and_only_those_asked_for(store: Store):
    put(store, *(outcome(request=request(f"r{at}", at=float(at))) for at in (30, 10, 20, 40)))

    assert [row["request_id"] for row in store.rows(since=20.0, until=40.0)] == ["r20", "r30"]


def test_requests_that_a_canary_was_asked_for_are_found_however_old(store: Store):
    tries = (attempt(GLM, purpose="canary", outcome="failed"), attempt())
    put(store, *(outcome(*tries[n % 2 :], request=request(f"r{n}", at=float(n))) for n in range(6)))

    found = [(row.request_id, len(row.attempts)) for row in store.canaries(since=1.0, until=5.0)]
    assert found == [("r2", 2), ("r4", 2)]


def test_coarse_records_tell_only_that_something_was_found(store: Store):
    coarse = policy(FILES | {"policy.yaml": FILES["policy.yaml"] + "record_signals: coarse\n"})
    found = decision(topic=frozenset({"medical"}), pii=UNKNOWN)

    put(store, outcome(decision=replace(found, policy=coarse)), outcome(request=request("r2")))

    kept = [(row["signals"]["topic"], row["signals"]["pii"]) for row in store.rows()]
    assert kept == [(["any"], "unknown"), ([], [])]


def test_personal_signals_are_forgotten_after_their_time_and_the_money_stays(store: Store):
    old, young = outcome(request=request("old", at=100.0)), outcome(request=request("young", at=300.0))
    put(store, old, young)

    assert store.forget_signals(before=200.0) == 1

    signals = {row["request_id"]: row["signals"].keys() & {"topic", "pii"} for row in store.rows()}
    assert signals == {"old": set(), "young": {"topic", "pii"}}
    assert [row["cost_usd"] for row in store.rows()] == ["0.00031", "0.00031"]


def test_a_key_can_be_erased(store: Store):
    put(store, outcome(), outcome(request=request("r2"), caller=caller(key_id="other")))

    assert store.erase_key("research-bot") == 1

    kept = [(row["key_id"], row["signals"].get("topic")) for row in store.rows()]
    assert kept == [(None, None), ("other", [])]


def journalled(state_dir: Path, *outcomes: Outcome) -> None:
    """As a worker does that then ends."""
    writer = Writer(state_dir, most_bytes=1 << 26)
    for each in outcomes:
        assert writer.append(each)
    writer.close()


def rows(state_dir: Path) -> list[dict[str, Any]]:
    store = open_store(database_url=None, state_dir=state_dir)
    found = list(store.rows())
    store.close()
    return found


def test_a_decision_is_readable_at_once_and_after_it_is_written(tmp_path: Path):
    journalled(tmp_path, outcome(request=request(at=NOW)))
    at_once = find(tmp_path / "journal", {}, "r1")
    ingest(tmp_path, None)

    assert at_once is not None
    assert [at_once] == rows(tmp_path)
    assert find(tmp_path / "journal", {}, "r2") is None


def test_two_workers_write_one_ledger(tmp_path: Path):
    for half in (0, 1):
        journalled(tmp_path, *(outcome(request=request(f"r{n}", at=NOW)) for n in range(half, 400, 2)))

    ingest(tmp_path, None)

    assert len(rows(tmp_path)) == 400


def test_what_was_taken_in_is_not_taken_in_again(tmp_path: Path):
    journalled(tmp_path, outcome())
    ingest(tmp_path, None)
    store = open_store(database_url=None, state_dir=tmp_path)
    assert store.erase_key("research-bot") == 1
    store.close()

    ingest(tmp_path, None)

    assert [row["key_id"] for row in rows(tmp_path)] == [None]


def test_of_two_that_read_one_journal_the_second_changes_nothing(tmp_path: Path):
    journalled(tmp_path, outcome())
    store = open_store(database_url=None, state_dir=tmp_path)
    batches = [Reader(tmp_path).read() for _ in range(2)]
    store.write(batches[0], at=0.0)

    batches[1].entries.append(*entries(outcome(request=request("r2"))))
    with pytest.raises(Overtaken):
        store.write(batches[1], at=0.0)
    store.close()

    assert [row["request_id"] for row in rows(tmp_path)] == ["r1"]


def test_a_ledger_of_a_later_release_is_refused(tmp_path: Path):
    open_store(database_url=None, state_dir=tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 99"))
    engine.dispose()

    with pytest.raises(LedgerUnusable, match=r"the ledger has schema 99, this release knows up to \d+"):
        open_store(database_url=None, state_dir=tmp_path)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "nonsense"])
def test_a_database_we_cannot_use_is_named(tmp_path: Path, url: str):
    with pytest.raises(LedgerUnusable, match="GATEWAY_DATABASE_URL"):
        open_store(database_url=url, state_dir=tmp_path)


@pytest.mark.thorough
def test_a_silent_database_is_not_waited_for_without_end(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call and says nothing
        port = silent.getsockname()[1]
        with pytest.raises(LedgerUnusable, match="timeout"):
            open_store(database_url=f"postgresql://me@127.0.0.1:{port}/none?connect_timeout=2", state_dir=tmp_path)
    with pytest.raises(LedgerUnusable, match="connect_timeout=10"):  # what it is unless the address says otherwise
        open_store(database_url="postgresql://me@127.0.0.1:1/none", state_dir=tmp_path)


def test_a_password_never_shows(tmp_path: Path):
    with pytest.raises(LedgerUnusable) as caught:
        open_store(database_url="postgresql://me:sesame@127.0.0.1:1/none", state_dir=tmp_path)

    assert "sesame" not in str(caught.value)


tried = st.builds(
    attempt,
    st.sampled_from([QWEN, GLM, GPT]),
    purpose=st.sampled_from(["serve", "canary", "shadow"]),
    outcome=st.sampled_from(["answered", "declined", "failed", "left"]),
    usage=st.builds(Usage, *[st.integers(0, 10**6)] * 6, st.booleans()),
    cost_usd=st.decimals(0, 1000, places=12),
    first_byte_s=st.none() | st.floats(0, 100),
    total_s=st.floats(0, 1000),
)
known = st.builds(
    decision,
    data_class=st.sampled_from(["public", "confidential", "regulated"]),
    topic=st.just(UNKNOWN) | st.frozensets(st.sampled_from(["code", "prc_political"])),
    language=st.sampled_from(["en", "zh", None]),
    effort=st.sampled_from(["default", "high"]),
)
recorded = st.builds(
    lambda attempts, **changes: outcome(*attempts, **changes),
    st.lists(tried, max_size=3),
    decision=st.none() | known,
    request=st.builds(request, at=st.floats(0, 2e9), stream=st.booleans()),
    denied_by=st.none() | st.just("budget"),
    baseline_list_usd=st.none() | st.decimals(0, 1000, places=12),
    ended_at=st.floats(0, 2e9),
)


@given(recorded)
def test_a_row_read_at_once_is_the_row_read_through_its_json(made: Outcome):
    (entry,) = entries(made)
    columns = dict(zip(REQUESTS, request_row(entry), strict=True))
    attempts = [dict(zip(ATTEMPTS, row, strict=True)) for row in attempt_rows(entry)]

    assert row_of(columns, attempts) == read_row(shaped(columns, attempts))


def test_columns_that_only_some_rows_fill_keep_their_rows(store: Store):
    mixed = [
        outcome(
            attempt(QWEN, failure="timeout" if n % 3 == 0 else None, status=None if n % 3 == 1 else 200),
            request=request(f"m{n:03}", at=float(n)),
            denied_by="budget" if n == 60 else None,
        )
        for n in range(120)
    ]

    put(store, *mixed)

    found = [(row["denied_by"], row["attempts"][0]["failure"], row["attempts"][0]["status"]) for row in store.rows()]
    assert found == [(each.denied_by, each.attempts[0].failure, each.attempts[0].status) for each in mixed]


def test_requests_that_were_seen_are_not_read_again(store: Store):
    put(store, *(outcome(request=request(f"r{n}", at=float(n))) for n in range(4)))

    found = store.ended(row_of, since=0.0, received=0.0, most=3, seen={"r2", "r0"})

    assert [row.request_id for row in found] == ["r1", "r3"]


def test_reports_read_what_was_recorded(store: Store):
    recorded = outcome(
        attempt(GLM, outcome="declined", purpose="serve"),
        attempt(QWEN, usage=Usage(input_tokens=10, output_tokens=4, estimated=True)),
        attempt(GPT, purpose="shadow", cost_usd=Decimal("0.5")),
        result="answered",
        cost_usd=Decimal("0.00062"),
        decision=decision(data_class="regulated", topic=frozenset({"code", "legal"}), language="zh"),
    )

    put(store, recorded)

    written = store.row("r1")
    assert written is not None
    row = read_row(written)
    assert recorded.served_by is recorded.attempts[1]
    assert (row.topics, row.topic, row.language) == (frozenset({"code", "legal"}), "legal", "zh")
    assert (row.cost_usd, row.measuring_usd) == (recorded.cost_usd, Decimal("0.5"))
    assert (row.received_at, row.ended) == (recorded.request.arrival.received_at, recorded.ended_at)
    assert row.removed == {"glm-5@zai": ["no-chinese-machines", "home-only"], "gpt-6@openai": ["home-only"]}
    assert row.last is not None
    assert (row.last.endpoint, row.last.tokens.output_tokens, row.last.tokens.estimated) == ("qwen3@self", 4, True)


def test_a_row_says_what_it_was_worth_when_it_was_taken_in(tmp_path: Path):
    journalled(tmp_path, outcome())
    guards = RulePrices({"a": 0.25}, {"a": 0.5, "b": 1e-7}, 0.75)
    ingest(tmp_path, None, lambda entry: Priced(Effective(0.1, 0.2, 0.3, 0.4), guards))

    (row,) = rows(tmp_path)

    assert (row["baseline_effective_usd"], row["baseline_effective_errors_usd"]) == (0.1, [0.2, 0.3, 0.4])
    assert prices_of(read_row(row).rules_usd) == guards


def test_an_outcome_that_no_database_holds_keeps_no_other_from_being_written(tmp_path: Path):
    refused: list[int] = []
    impossible = attempt(QWEN, usage=Usage(output_tokens=2**63)), attempt(QWEN, status=2**63)
    made = [outcome(each, request=request(f"r{n}")) for n, each in enumerate((*impossible, attempt(QWEN)))]
    sink = LedgerSink(state_dir=tmp_path, database_url=None, unwritable=refused.append, price=lambda entries: None)
    sink.open()

    sink.take(Batch(entries(*made)), {})
    sink.close()

    assert [row["request_id"] for row in rows(tmp_path)] == ["r2"]
    assert refused == [2]
