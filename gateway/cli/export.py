"""`gateway report export`: the ledger's rows as files for other tools."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import typer

from gateway.cli.bar import Counted
from gateway.cli.mistakes import Mistake
from gateway.errors import LedgerUnusable
from gateway.record.shape import Json
from gateway.report import parquet
from gateway.report.ledger import stored
from gateway.settings import Settings


def export(output: Path | None, ledger: str | None, *, settings: Settings, since: float) -> None:
    """Writes what was recorded since then to `output`: a `.jsonl`, or a folder of Parquet tables. Raises Mistake."""
    if output is None or output.suffix == ".parquet":
        raise Mistake(
            "name a folder for requests.parquet and attempts.parquet, or a file for lines of JSON, "
            "e.g. --output exported or --output rows.jsonl",
            exit_code=2,
        )
    if ledger is not None and "://" not in ledger:
        raise Mistake(f"export reads a database, not {ledger}; leave --ledger out for our own", exit_code=2)
    rows = Counted(stored(ledger or settings.database_url, settings.state_dir, since), "exporting")
    try:
        counts = _lines(rows, output) if output.suffix == ".jsonl" else parquet.write(rows, output)
    except (LedgerUnusable, parquet.NotWritable) as wrong:
        raise Mistake(str(wrong), exit_code=2) from None
    typer.echo(f"{output}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))


def _lines(rows: Iterable[Json], path: Path) -> dict[str, int]:
    """One request a line, as `--ledger FILE.jsonl` reads them; whole or not at all."""
    fresh, count = path.with_name(f".{path.name}.{os.getpid()}"), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        os.replace(fresh, path)
    except OSError as wrong:
        raise Mistake(f"{path} cannot be written: {wrong.strerror}", exit_code=2) from None
    finally:
        fresh.unlink(missing_ok=True)
    return {"requests": count}
