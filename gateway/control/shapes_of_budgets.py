"""What `GET /api/budgets` says."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gateway.control.shapes import Shape


class BudgetShown(Shape):
    """What may be spent in a UTC period, and what of it is used. Money in US dollars, as decimal texts.

    None: no worker has said yet.
    """

    of: Literal["team", "app", "operator", "endpoint", "model"]
    id: str
    team: str | None = Field(description="whose; null for a place, where anybody spends")
    usd: str
    per: Literal["day", "week", "month"]
    when_spent: Literal["reject", "self_only"]
    used: float | None = Field(description="share that is spent or set aside; 1: all of it")
    used_usd: str | None
    left_usd: str | None
    ends_at: float = Field(description="when the period ends and the next begins, seconds since the epoch")
    written_in: str = Field(description="the file to change")


class CeilingShown(Shape):
    """How much an endpoint is asked at most, by all workers and gateways that count together."""

    endpoint: str
    ceiling: Literal["requests_per_minute", "tokens_per_minute", "at_once"]
    most: int
    used: float | None = Field(description="share of it that is used; null: no worker has said yet")


class BudgetsShown(Shape):
    """The fullest first."""

    budgets: list[BudgetShown]
    ceilings: list[CeilingShown]
