"""Prints how long reports take: `python -m bench.reports [--stored 20000] [--exported 10000000]`.

Two ways: `gateway report` over rows of a SQLite ledger, and SQL over Parquet tables as `gateway report export` writes
them, which DuckDB reads. The rows are synthetic; told is wall time, and the CPU time of all threads.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from gateway.estimates import PRIORS
from gateway.policy.authoring.compile import compile_folder
from gateway.record.store import open_store
from gateway.report.adoption import adoption
from gateway.report.ledger import recorded
from gateway.report.refusals import refusals
from gateway.report.savings import savings
from gateway.settings import Settings
from tests.unit.record.build import FILES, GLM, GPT, QWEN, attempt, outcome, put, request

BATCH = 2_000
REQUESTS = """
COPY (SELECT printf('req_%024x', i) AS request_id,
  TIMESTAMPTZ '2026-11-01' + INTERVAL 1 SECOND * (i / 4) AS received_at,
  ['research', 'sales', 'support'][1 + i % 3] AS team, 'bot' AS app,
  CASE WHEN i % 50 = 0 THEN 'declined' ELSE 'answered' END AS outcome,
  CAST(0.0001 * (1 + i % 90) AS DECIMAL(38, 24)) AS cost_usd, CAST(0.001 AS DECIMAL(38, 24)) AS
  baseline_list_usd, i % 7 > 0 AS baseline_permitted FROM range(COUNT) AS rows(i)) TO 'FOLDER/requests.parquet'
"""
ATTEMPTS = """
COPY (SELECT printf('req_%024x', i) AS request_id, 1 AS number, ['m1', 'm2', 'm3', 'm4'][1 + i % 4] AS model,
  ['a', 'b', 'c'][1 + i % 3] AS operator, ['CN', 'US', 'FR', 'CN'][1 + i % 4] AS origin, 'serve' AS purpose,
  CASE WHEN i % 50 = 0 THEN 'declined' ELSE 'answered' END AS outcome, 900 + i % 500 AS input_tokens, 50 + i % 300 AS
  output_tokens, CAST(0.0001 * (1 + i % 90) AS DECIMAL(38, 24)) AS cost_usd FROM range(COUNT) AS rows(i))
  TO 'FOLDER/attempts.parquet'
"""
QUERIES = {
    "savings": "SELECT count(*), sum(cost_usd), sum(baseline_list_usd - cost_usd) FILTER (baseline_permitted) FROM REQ",
    "spent by team and day": "SELECT team, date_trunc('day', received_at), sum(cost_usd) FROM REQ GROUP BY ALL",
    "adoption by origin": "SELECT origin, count(*), sum(output_tokens), sum(cost_usd) FROM ATT GROUP BY 1",
    "refusals": "SELECT model, operator, count(*), count(*) FILTER (outcome = 'declined') FROM ATT GROUP BY 1, 2",
    "origin by team, joined": "SELECT team, origin, count(*) FROM REQ JOIN ATT USING (request_id) GROUP BY 1, 2",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=20_000)
    parser.add_argument("--exported", type=int, default=10_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        _stored(Path(name), asked.stored)
        _exported(Path(name), asked.exported)


def _stored(folder: Path, count: int) -> None:
    store = open_store(database_url=None, state_dir=folder)
    for first in range(0, count, BATCH):
        rows = [
            outcome(attempt((GLM, GPT, QWEN)[number % 3]), request=request(f"r{number}"))
            for number in range(first, min(count, first + BATCH))
        ]
        put(store, *rows)
    store.close()
    compiled = compile_folder({name: text.encode() for name, text in FILES.items()})
    print(f"gateway report, {count:,} requests in SQLite:")

    def rows():  # type: ignore[no-untyped-def]
        return recorded(None, settings=Settings(state_dir=folder))

    _timed("savings", lambda: savings(rows(), compiled.policy, PRIORS), count)
    _timed("adoption", lambda: adoption(rows(), compiled.policy, "origin"), count)
    _timed("refusals", lambda: refusals(rows(), compiled.policy), count)


def _exported(folder: Path, count: int) -> None:
    print(f"DuckDB over Parquet, {count:,} requests:")
    with duckdb.connect() as database:
        for made in (REQUESTS, ATTEMPTS):
            database.execute(made.replace("COUNT", str(count)).replace("FOLDER", str(folder)))
        size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
        print(f"  {size / 1e6:,.0f} MB on disk")
        for name, query in QUERIES.items():
            sql = query
            for word, table in (("REQ", "requests"), ("ATT", "attempts")):
                sql = sql.replace(f" {word}", f" '{folder}/{table}.parquet'")
            _timed(name, lambda sql=sql: database.execute(sql).fetchall(), count)


def _timed(name: str, work: Callable[[], object], count: int) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {name:<24} {wall:7.2f} s, {cpu:7.2f} s of CPU, {count / cpu:12,.0f} requests per second of CPU")


if __name__ == "__main__":
    main()
