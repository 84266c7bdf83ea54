"""What goes wrong, in two families: problems of configuration files, and errors a caller sees.

* Problem / Problems: mistakes in files, all at once, each with its place and a way out
* GatewayError: OpenAI's (or Anthropic's) error shape is made from it by `api`
  - invalid_request, unsupported_request, context_length_exceeded, content_filtered   400
  - invalid_api_key                                                                   401
  - no_permitted_endpoint, not_allowed                                                403
  - model_not_found, not_found                                                        404
  - method_not_allowed                                                                405
  - request_timeout                                                                   408
  - request_too_large                                                                 413
  - unsupported_encoding                                                              415
  - rate_limit_exceeded, budget_exceeded                                              429
  - headers_too_large                                                                 431
  - upstreams_exhausted                                                               502
  - overloaded, draining, frozen                                                      503
  - upstream_timeout                                                                  504
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

STATUS = {
    "invalid_request": 400,
    "unsupported_request": 400,
    "context_length_exceeded": 400,
    "content_filtered": 400,
    "invalid_api_key": 401,
    "no_permitted_endpoint": 403,
    "not_allowed": 403,
    "model_not_found": 404,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "request_too_large": 413,
    "unsupported_encoding": 415,
    "rate_limit_exceeded": 429,
    "budget_exceeded": 429,
    "headers_too_large": 431,
    "upstreams_exhausted": 502,
    "overloaded": 503,
    "draining": 503,
    "frozen": 503,
    "upstream_timeout": 504,
}
NEVER_RETRY = frozenset({"budget_exceeded", "frozen", "upstreams_exhausted"})  # unless what is wrong may pass


class GatewayError(Exception):
    """What the caller should see: a code of ours, a sentence, and where it fits a field and when to come back."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        ceiling: tuple[str, str] | None = None,  # of what, and how much: `requests`, `600`
        may_pass: bool = False,  # the same request may be answered later
    ):
        super().__init__(message)
        self.ceiling = ceiling
        self.code = code
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        self.final = code in NEVER_RETRY and not may_pass  # gets `x-should-retry: false`
        self.beside: dict[str, object] = {}  # further fields of the error object, a vendor's own

    @property
    def status(self) -> int:
        return STATUS[self.code]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file."""

    message: str  # what is wrong, in the author's words
    place: Place | None = None
    help: str | None = None  # the way out
    severity: Literal["error", "warning", "note"] = "error"


class Problems(Exception):
    """All problems of a set of files; at least one is an error."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = in_file_order(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


def in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted by file, line and column; those without a place come first. Repeated problems appear once."""
    return tuple(sorted(dict.fromkeys(problems), key=_position))


def _position(problem: Problem) -> tuple[str, int, int]:
    place = problem.place
    return (place.file, place.line, place.column) if place else ("", 0, 0)


def near(word: str, words: Iterable[str]) -> str | None:
    """The known word that is written most like it; None if none is."""
    found = difflib.get_close_matches(word, sorted(set(words)), n=1, cutoff=0.6)
    return found[0] if found else None


def nearest(word: str, words: Iterable[str]) -> str:
    """A help text: the nearest known word, or all of them if none is near."""
    known = sorted(set(words))
    if (found := near(word, known)) is not None:
        return f"did you mean `{found}`?"
    shown = ", ".join(f"`{name}`" for name in known[:24])
    more = f" and {len(known) - 24} more" if len(known) > 24 else ""
    return f"one of {shown}{more}" if known else "none is declared"


class LedgerUnusable(Exception):
    """The ledger cannot be opened; the text says which, why and the way out."""
