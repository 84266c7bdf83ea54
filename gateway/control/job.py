"""What pages ask of a helper process, and what it answers. Plain data; sent by us to ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from gateway.estimates import Snapshot

Files = Mapping[str, bytes]
Format = Literal["json", "csv", "html"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the gateway records, and what it serves."""

    state_dir: Path
    database_url: str | None


@dataclass(frozen=True, slots=True)
class OverviewJob:
    """What the console shows, of these teams. `snapshot`: None for that of the job before."""

    snapshot: Snapshot | None
    teams: frozenset[str] | None = None  # None: of all


@dataclass(frozen=True, slots=True)
class ReportJob:
    """A report by name, from the requests since then (seconds since the epoch)."""

    name: str
    format: Format
    by: str
    since: float
    period: str | None  # as it was asked for
    text: str = ""  # of the file that a report reads instead of the ledger
    teams: frozenset[str] | None = None  # whose requests; None: everybody's
    keyless: bool = False  # adoption of vendors without a key here can be blocked too


@dataclass(frozen=True, slots=True)
class CheckJob:
    """Compiles, lints and tries a folder; None: the one that serves."""

    files: Files | None


@dataclass(frozen=True, slots=True)
class DiffJob:
    """What `new` lets through that `old` does not, and the reverse; None: the one that serves."""

    old: Files | None
    new: Files


@dataclass(frozen=True, slots=True)
class ExplainJob:
    """Where a request would go. `given`: `signal=value`."""

    files: Files | None
    text: str | None
    given: tuple[str, ...]
    at: float
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class VersionJob:
    """What a kept version changed against another; None: against nothing."""

    version: str
    against: str | None


Job = OverviewJob | ReportJob | CheckJob | DiffJob | ExplainJob | VersionJob


class Done(msgspec.Struct, frozen=True):
    """A body of this type; with a `code` the message of a GatewayError."""

    body: bytes
    type: str = "application/json"
    code: str | None = None
    param: str | None = None
