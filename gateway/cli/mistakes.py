"""A user's mistake in words, with its exit code; never a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gateway.errors import GatewayError, Problem, Problems
from gateway.policy.layout import catalog_layers
from gateway.settings import BadSetting
from gateway.source import frame


class Mistake(Exception):
    """Something a user can put right; the text says what and how."""

    def __init__(self, text: str, *, exit_code: int = 1):
        super().__init__(text)
        self.exit_code = exit_code


USER_ERRORS = (Mistake, BadSetting, Problems, GatewayError)


def message_of(wrong: BaseException) -> str:
    """What to print."""
    if isinstance(wrong, Problems):
        return "\n\n".join(map(framed, wrong.problems))
    return f"error: {wrong}"


def exit_code(wrong: BaseException) -> int:
    """1: the answer is no; 2: used wrongly."""
    if isinstance(wrong, Mistake):
        return wrong.exit_code
    return 2 if isinstance(wrong, BadSetting) else 1


def in_folder(wrong: Problems, folder: Path) -> Problems:
    """The same problems, their files named as seen from here."""
    return Problems(placed(wrong.problems, folder))


def placed(problems: Iterable[Problem], folder: Path) -> list[Problem]:
    """Their files, which are named as a policy folder knows them, named as seen from here."""
    try:
        layers = catalog_layers((folder / "policy.yaml").read_bytes())
    except OSError:
        layers = catalog_layers(b"")
    paths = {layer.prefix: layer.path for layer in layers}

    def seen(problem: Problem) -> Problem:
        place = problem.place
        if place is None or place.file.startswith(str(folder)):
            return problem
        top, _, name = place.file.partition("/")
        if top in paths and paths[top] is None:
            return problem  # inside the package
        inside = Path(paths[top] or "", name) if top in paths else Path(place.file)
        return replace(problem, place=replace(place, file=str(folder / inside)))

    return [seen(problem) for problem in problems]


def framed(problem: Problem) -> str:
    """With the lines of its file around the place, if that can be read."""
    file = Path(problem.place.file) if problem.place else None
    return frame(problem, file.read_text(encoding="utf-8", errors="replace") if file and file.is_file() else None)
