"""What the control API takes and gives about keys of callers."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.control.shapes import Shape
from gateway.processes.issuing import MOST_CHARS


class KeyAsked(BaseModel):
    """`{"team": "research"}`."""

    model_config = ConfigDict(extra="forbid")

    team: str = Field(min_length=1, max_length=MOST_CHARS, description="one of `teams` in callers.yaml")
    id: str | None = Field(None, min_length=1, max_length=MOST_CHARS, description="a name for the key [TEAM-…]")
    app: str | None = Field(None, min_length=1, max_length=MOST_CHARS, description="the app that will use it")
    expires: date | None = Field(None, description="the day, in UTC, on which it stops working")


class RotationAsked(BaseModel):
    """`{"overlap_days": 7}`."""

    model_config = ConfigDict(extra="forbid")

    overlap_days: float = Field(7, ge=0, le=3_660, description="for so many days the old key works too")


class KeyIssued(Shape):
    """`key` is shown this once. After a rotation `old` is the key before, which works until `old_ends`."""

    id: str
    team: str
    app: str | None
    ends: str | None
    key: str
    old: str | None = None
    old_ends: str | None = None


class KeyShown(Shape):
    """`last_used`: the hour in which its last request began."""

    id: str
    team: str
    app: str | None
    kept: Literal["callers.yaml", "issued"] = Field(description="where its row stands")
    state: Literal["active", "ending", "expired", "revoked", "replaced"]
    made: str | None
    made_by: str | None
    expires: str | None = Field(description="the day, in UTC, on which it stops working by itself")
    ends: str | None = Field(description="when it stops working, or stopped")
    last_used: str | None


class KeysShown(Shape):
    """By name. `problem`: why no issued key is let in; `last_used_problem`: why nobody knows when they were used."""

    keys: list[KeyShown]
    problem: str | None
    last_used_problem: str | None = None


class KeyErased(Shape):
    """How many issued keys lost their name, how many requests of the ledger, how many records of the journals."""

    id: str
    keys: int
    requests: int
    waiting: int
