"""What each line that a client tells must say. Verbs are the words before the interface: `tools chat` is `tools`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clients.script import TIDE
from clients.vendor import VECTOR

Told = tuple[str, str, Any]  # check, model, value
MODELS: Final = ("on-chat", "on-responses", "on-messages")
BOTH: Final = ("06:12 at Whitby", "06:58 at Whitby")
ERRORS: Final = {
    "400": "BadRequestError",
    "429": "RateLimitError",
    "key": "AuthenticationError",
    "model": "NotFoundError",
}


@dataclass(frozen=True, slots=True)
class Result:
    """Of one check on one model. `wrong`: what is not as it must be; "" where all is well."""

    check: str
    model: str
    wrong: str = ""


def _pieces(value: Any) -> bool:
    return "".join(value) == TIDE and len(value) > 3


FAILED: Final = frozenset({"InternalServerError", "ServiceUnavailableError"})  # the second while it rests


def _errors(value: Any) -> bool:
    broken = value["broken"] in FAILED | {"APIError", "APIStatusError"}
    return broken and value["500"] in FAILED and ERRORS.items() <= value.items()


VERBS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "whole": lambda value: value == TIDE,
    "stream": _pieces,
    "tools": lambda value: all(words in value for words in BOTH),
    "tools-streamed": lambda value: all(words in value for words in BOTH),
    "tool": lambda value: BOTH[0] in value,
    "structured": lambda value: value == {"port": "Whitby", "hour": 6},
    "errors": _errors,
    "embedding": lambda value: tuple(value) == VECTOR,
    "models": lambda value: {"auto", *MODELS} <= set(value),
    "tokens": lambda value: 0 < value < 50,
    "left": lambda value: True,  # the vendor says whether it was left
}


def told_by(output: str) -> list[Told]:
    """The lines of a client's output that tell something."""
    lines = [line for line in output.splitlines() if line.startswith('["') and line.endswith("]")]
    return [(check, model, value) for check, model, value in map(json.loads, lines)]


def judge(told: Sequence[Told], expected: Sequence[tuple[str, str]], left: Sequence[str]) -> list[Result]:
    """A result for each (check, model) that is expected or told. `left`: as the vendor noted it."""
    values = {(check, model): value for check, model, value in told}
    results = []
    for check, model in dict.fromkeys([*expected, *values]):
        if (check, model) not in values:
            results.append(Result(check, model, "was not told"))
            continue
        value, verb = values[check, model], check.split()[0]
        wanted = sum(one.split()[0] == "left" and at == model for one, at, _ in told)
        fine = left.count(f"up-{model}") == wanted if verb == "left" else VERBS[verb](value)
        results.append(Result(check, model, "" if fine else f"said {json.dumps(value, ensure_ascii=False)[:300]}"))
    return results
