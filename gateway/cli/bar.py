"""A bar on a terminal for what may take longer than a glance; nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Row = TypeVar("Row")
_EVERY = 500  # rows between two looks
_COLUMNS = (TextColumn("{task.description}"), MofNCompleteColumn(), TextColumn("rows"), TimeElapsedColumn())


@dataclass(frozen=True, slots=True)
class Counted(Generic[Row]):
    """The same rows, each time anew, counted while they are read."""

    rows: Iterable[Row]
    doing: str

    def __iter__(self) -> Iterator[Row]:
        console = Console(stderr=True)
        with Progress(*_COLUMNS, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(self.doing, total=None)
            for number, row in enumerate(self.rows):
                if number % _EVERY == 0:
                    progress.update(task, completed=number)
                yield row
