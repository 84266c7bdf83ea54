"""The queries of docs/reports.md, run on a ledger, say what the reports say."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.catalog.prices import Usage
from gateway.estimates import PRIORS
from gateway.outcome.outcome import KeptAnswer
from gateway.outcome.priced import Priced
from gateway.outcome.savings import Effective
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.policy.explain.rule_cost import RulePrices
from gateway.record.store import SQLITE, Store, open_store
from gateway.report.adoption import adoption
from gateway.report.ledger import recorded
from gateway.report.refusals import refusals
from gateway.report.rules import rules
from gateway.report.savings import savings
from gateway.settings import Settings
from tests.unit.record.build import FILES, GLM, GPT, QWEN, attempt, caller, decision, denied, outcome, put, request

TEXT = (Path(__file__).parents[3] / "docs" / "reports.md").read_text()
QUERIES = dict(re.findall(r"```sql\n-- ([^\n]*)\n(.*?)```", TEXT, re.S))


def write(store: Store) -> None:
    kept = [
        outcome(attempt(QWEN), request=request("a")),
        outcome(attempt(GLM, outcome="declined"), attempt(GPT, cost_usd=Decimal("0.002")), request=request("b")),
        outcome(
            attempt(GPT, purpose="shadow", cost_usd=Decimal(0)),
            attempt(QWEN, outcome="declined", usage=Usage(input_tokens=5)),
            request=request("c"),
            baseline_list_usd=Decimal(0),
        ),
        outcome(
            attempt(QWEN),
            request=request("d"),
            decision=decision(data_class="regulated"),
            baseline_permitted=False,
        ),
        outcome(
            attempt(GPT, purpose="shadow"),
            request=request("f"),
            caller=replace(caller(), app="shadow"),
            decision=decision(shadow_of="a"),
            cost_usd=Decimal(0),
            baseline_list_usd=None,
        ),
        denied("home-only", request=request("e"), decision=decision(data_class="regulated"), baseline_permitted=False),
    ]
    put(store, *kept, priced=Priced(Effective(0.003, 0.001, 0.001, 0.001), RulePrices({"home-only": 0.25}, {}, 0.5)))
    again = {"attempts": (), "result": "answered", "cost_usd": Decimal(0), "baseline_list_usd": Decimal(0)}
    kept_answer = KeptAnswer(GLM, "a", 5.0, Decimal("0.004"))
    put(
        store,
        outcome(request=request("g"), cache="hit", kept=kept_answer, **again),
        outcome(attempt(GPT), cache="miss"),
    )


@pytest.fixture
def ledger(tmp_path):
    store = open_store(database_url=None, state_dir=tmp_path)
    write(store)
    store.close()
    return tmp_path


def asked(ledger: Path, name: str) -> list[Any]:
    (query,) = [text for title, text in QUERIES.items() if title.startswith(name)]
    with sqlite3.connect(ledger / SQLITE) as connection:
        return connection.execute(query).fetchall()


def rows(ledger: Path):
    return recorded(None, settings=Settings(state_dir=ledger))


def folder() -> Compiled:
    return compile_folder({name: text.encode() for name, text in FILES.items()})


def test_savings_are_what_the_queries_say(ledger):
    report: Any = savings(rows(ledger), folder().policy, PRIORS)
    forbidden = report["baseline_forbidden"]

    ((count, answered, cost, per_answer),) = asked(ledger, "savings: requests")
    ((listed,),) = asked(ledger, "savings: list_savings_usd")
    ((measuring,),) = asked(ledger, "savings: measuring_usd")
    ((others, others_usd),) = asked(ledger, "savings: baseline_forbidden")
    assert (report["requests"], report["answered"], forbidden["requests"]) == (count, answered, others)
    assert float(report["cost_usd"]) == pytest.approx(cost)
    assert float(report["cost_per_answer_usd"]) == pytest.approx(per_answer, abs=1e-8)
    assert float(forbidden["cost_usd"]) == pytest.approx(others_usd)
    assert float(report["measuring_usd"]) == pytest.approx(measuring)
    assert measuring > 0
    assert float(report["list_savings_usd"]) == pytest.approx(listed)
    ((effective,),) = asked(ledger, "savings: effective_savings_usd")
    assert float(report["effective_savings_usd"]) == pytest.approx(effective)


def test_what_was_given_again_is_what_the_query_says_and_part_of_no_other_saving(ledger):
    report: Any = savings(rows(ledger), folder().policy, PRIORS)
    ((answers, saved),) = asked(ledger, "savings: by_cache")

    assert (report["by_cache"]["answers"], float(report["by_cache"]["saved_usd"])) == (answers, saved) == (1, 0.004)
    assert "cache" in [row["key"] for row in adoption(rows(ledger), folder().policy, "origin")["rows"]]


def test_adoption_is_what_the_queries_say(ledger):
    found = {row["key"]: row for row in adoption(rows(ledger), folder().policy, "origin")["rows"]}

    assert {key: row["requests"] for key, row in found.items() if row["requests"]} == dict(asked(ledger, "adoption: r"))
    for key, tokens, cost in asked(ledger, "adoption: tokens"):
        assert found[key]["tokens"] == tokens
        assert float(found[key]["cost_usd"]) == pytest.approx(cost)


def test_refusals_are_what_the_query_says(ledger):
    found = refusals(rows(ledger), folder().policy)["rows"]

    assert sorted((row["model"], row["operator"], row["n"], row["declined"]) for row in found) == sorted(
        asked(ledger, "refusals")
    )


def test_rules_are_what_the_queries_say(ledger):
    found = {row["guard"]: row for row in rules(rows(ledger), folder(), PRIORS)["rows"] if row["guard"] != "all"}

    costs = {guard: float(row["marginal_usd"]) for guard, row in found.items() if float(row["marginal_usd"])}
    assert costs == dict(asked(ledger, "rules: marginal_usd")) and costs
    assert {guard: row["removed"] for guard, row in found.items()} == dict(asked(ledger, "rules: removed"))
    assert {guard: row["denied"] for guard, row in found.items() if row["denied"]} == dict(asked(ledger, "rules: d"))
