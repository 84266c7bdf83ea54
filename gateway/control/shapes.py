"""What the control API takes and gives: the named types of its OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.policy.freeze import Selector
from gateway.processes.freezing import MOST_CHARS

MOST_TEXT = 200_000  # characters of a prompt that is explained
MOST_FILES = 500


class Shape(BaseModel):
    """Of a reply; more may come with time."""

    model_config = ConfigDict(extra="allow")


class ErrorBody(Shape):
    """What is wrong, and the way out."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorShown(Shape):
    """Every error has this shape."""

    error: ErrorBody


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses carry an error."""
    return {status: {"model": ErrorShown} for status in statuses}


class DecisionListed(Shape):
    """One line of the list."""

    request_id: str
    at: str
    team: str | None
    app: str | None
    route: str | None
    model: str | None
    endpoint: str | None
    outcome: str
    denied_by: str | None
    cost_usd: str | None
    total_s: float | None


class DecisionsListed(Shape):
    """Newest first."""

    rows: list[DecisionListed]


class UsageShown(Shape):
    """Tokens of an attempt; `estimated`: the vendor did not say."""

    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: bool


class AttemptShown(Shape):
    """One try at an endpoint."""

    endpoint: str
    outcome: str
    purpose: str
    failure: str | None
    cost_usd: str | None
    total_s: float | None
    first_byte_s: float | None
    usage: UsageShown


class DecisionShown(Shape):
    """A request of the ledger, and why it went where it went."""

    request_id: str
    client_request_id: str | None
    at: str
    ended_at: str
    team: str | None
    app: str | None
    key_id: str | None
    route: str | None
    policy_version: str | None
    signals: dict[str, Any]
    outcome: str
    denied_by: str | None
    removed: dict[str, list[str]]
    cost_usd: str | None
    total_s: float | None
    attempts: list[AttemptShown]
    why: list[str]


class CatalogRow(Shape):
    """The facts of one thing, derived ones included, and who says so."""

    sources: Any = None


class CatalogShown(Shape):
    """Every row, by kind."""

    labs: list[CatalogRow]
    models: list[CatalogRow]
    operators: list[CatalogRow]
    endpoints: list[CatalogRow]


class ProblemShown(Shape):
    """One mistake or remark, with its place."""

    severity: Literal["error", "warning", "note"]
    message: str
    file: str | None
    line: int | None
    column: int | None
    help: str | None


class CasesShown(Shape):
    """How the folder's own cases went."""

    passed: int
    failed: int


class CheckShown(Shape):
    """What `gateway check --json` prints."""

    problems: list[ProblemShown]
    cases: CasesShown


class RefusalShown(Shape):
    """What the caller would get."""

    status: int
    code: str
    message: str


class ExplainShown(Shape):
    """What `gateway explain --json` prints."""

    refused: bool
    route: str
    endpoints: list[str]
    removed: dict[str, list[str]]
    unable: dict[str, str]
    signals: dict[str, Any]
    why: list[str]
    policy_version: str
    refusal: RefusalShown | None = None


class ChangeShown(Shape):
    """A class of requests, and the endpoints that it gains or loses."""

    endpoints: list[str] = []


class DiffShown(Shape):
    """What `gateway diff --json` prints."""

    widened: list[ChangeShown]
    narrowed: list[ChangeShown]
    stranded: list[Any]
    bounds: list[str] = []


class ReloadShown(Shape):
    """What became of a reload."""

    accepted: bool
    policy_version: str
    problem: str | None


class FreezeShown(Shape):
    """What is stopped, since when (seconds since the epoch) and by whom. `abort`: running streams were ended too."""

    id: str
    selector: Selector
    value: str
    since: float
    by: str
    abort: bool
    reason: str | None


class AuditRow(BaseModel):
    """One thing that was done."""

    n: int
    at: float = Field(description="seconds since the epoch")
    by: str = Field(description="an administrator, a user of the machine, or who owns the changed files")
    via: str = Field(description="api, command, file or gateway")
    action: str
    detail: dict[str, Any]
    chain: str
    previous: str
    hash: str = Field(description="SHA-256 over the row and the hash before it")


class AuditShown(BaseModel):
    """The record of what was done, newest first."""

    rows: list[AuditRow]
    problems: list[str] = Field(description="rows that were changed, taken out or moved")


class FreezesShown(Shape):
    """Oldest first. `problem`: why there may be others."""

    freezes: list[FreezeShown]
    problem: str | None


class FreezeAsked(BaseModel):
    """`{"selector": "operator", "value": "zai"}`."""

    model_config = ConfigDict(extra="forbid")

    selector: Selector
    value: str = Field(min_length=1, max_length=MOST_CHARS)
    abort: bool = Field(False, description="end running streams too, with an error event")
    reason: str | None = Field(None, max_length=MOST_CHARS, description="for those who find it; no secrets")


Folder = dict[str, str]  # text by name: policy.yaml, callers.yaml, cases/….yaml, catalog/….yaml


class CheckAsked(BaseModel):
    """`files`: a folder; without it the one that serves."""

    model_config = ConfigDict(extra="forbid")

    files: Folder | None = Field(None, max_length=MOST_FILES)


class ExplainAsked(BaseModel):
    """A prompt, and what else is known of the request; `given`: `signal=value` as on the command line."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = Field(None, max_length=MOST_TEXT)
    team: str | None = None
    data_class: str | None = None
    model: str | None = None
    given: list[str] = Field([], max_length=100)
    at: float | None = Field(None, description="seconds since the epoch; default: now")
    files: Folder | None = Field(None, max_length=MOST_FILES)


class DiffAsked(BaseModel):
    """Two folders; without `old` the one that serves."""

    model_config = ConfigDict(extra="forbid")

    new: Folder = Field(max_length=MOST_FILES)
    old: Folder | None = Field(None, max_length=MOST_FILES)
