"""`gateway classify`: the text signals and the refusal detector offline, one JSON row in, one row out."""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.cli.mistakes import Mistake

Row = dict[str, Any]
_COLUMNS = (TextColumn("{task.completed:.0f} rows"), BarColumn(), TimeElapsedColumn())
Judge = Callable[[Row, int | None], Row]  # the row and how many characters to look at; what is added to it


class What(enum.StrEnum):
    """What is judged."""

    topic = "topic"
    pii = "pii"
    secrets = "secrets"
    language = "language"
    tokens = "tokens"
    refusal = "refusal"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(classify)


def classify(
    what: Annotated[
        What, typer.Argument(metavar="topic|pii|secrets|language|tokens|refusal", help="what to add to each row")
    ],
    prefix: Annotated[int | None, typer.Option(min=1, help="judge only the first N characters")] = None,
) -> None:
    """Add a signal to each JSON row of standard input: `text`, or for refusal `prompt` and `response`.

    Example: gateway classify topic < prompts.jsonl > topics.jsonl
    """
    judge = _JUDGES[what]()
    console = Console(stderr=True)
    with Progress(*_COLUMNS, console=console, transient=True, disable=not console.is_terminal) as progress:
        done = progress.add_task("rows", total=None)
        for row in classified(sys.stdin.buffer, _NEEDED[what], lambda row: judge(row, prefix)):
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
            progress.advance(done)


def classified(lines: Iterable[bytes], needed: tuple[str, ...], judged: Callable[[Row], Row]) -> Iterator[Row]:
    """The rows in their order, each with what was judged added. Raises Mistake naming the line."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _row(line, number, needed)
            yield {**row, **judged(row)}


def _row(line: bytes, number: int, needed: tuple[str, ...]) -> Row:
    try:
        row = json.loads(line)
    except ValueError as wrong:
        raise Mistake(f"line {number} is not JSON: {wrong}", exit_code=2) from None
    if not isinstance(row, dict):
        raise Mistake(f"line {number} is not a JSON object", exit_code=2)
    for name in needed:
        if not isinstance(row.get(name), str):
            found = "is missing" if name not in row else "is not a string"
            raise Mistake(f'line {number}: "{name}" {found}; each row needs {" and ".join(needed)}', exit_code=2)
    if not isinstance(row.get("finish_reason"), str | None):
        raise Mistake(f'line {number}: "finish_reason" is neither a string nor null', exit_code=2)
    return row


def _topic() -> Judge:
    from gateway.signals import topic

    def judge(row: Row, prefix: int | None) -> Row:
        found = topic.topics(row["text"][:prefix])
        return {"topic": [name for name in topic.TOPICS if name in found]}

    return judge


def _pii() -> Judge:
    from gateway.signals import pii

    def judge(row: Row, prefix: int | None) -> Row:
        found = pii.find(row["text"][:prefix])
        return {"pii": [{"kind": each.kind, "start": each.start, "end": each.end} for each in found]}

    return judge


def _secrets() -> Judge:
    from gateway.signals import secrets
    from gateway.signals.invisible import visible

    return lambda row, prefix: {"secrets": sorted(secrets.kinds(visible(row["text"][:prefix])[0]))}


def _language() -> Judge:
    from gateway.signals import language

    return lambda row, prefix: {"language": language.detect(row["text"][:prefix])}


def _tokens() -> Judge:
    from gateway.signals import tokens

    return lambda row, prefix: {"tokens": tokens.count(row["text"][:prefix])}


def _refusal() -> Judge:
    from gateway.outcome import refusal

    def judge(row: Row, prefix: int | None) -> Row:
        return {"outcome": refusal.judge(row["prompt"], row["response"], row.get("finish_reason"), prefix=prefix)}

    return judge


_TEXT = ("text",)
_NEEDED = {
    What.topic: _TEXT,
    What.pii: _TEXT,
    What.secrets: _TEXT,
    What.language: _TEXT,
    What.tokens: _TEXT,
    What.refusal: ("prompt", "response"),
}
_JUDGES: dict[What, Callable[[], Judge]] = {
    What.topic: _topic,
    What.pii: _pii,
    What.secrets: _secrets,
    What.language: _language,
    What.tokens: _tokens,
    What.refusal: _refusal,
}
