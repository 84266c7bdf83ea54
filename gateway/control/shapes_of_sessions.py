"""What the control API takes and gives about signing in."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from gateway.control.shapes import Shape


class TokenGiven(BaseModel):
    """`{"token": "…", "name": "olga"}`; with a name, the token must be that administrator's."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=1_024)
    name: str | None = Field(None, min_length=1, max_length=100)


class SessionShown(Shape):
    """Who asks. `csrf`: what a page sends back as `x-csrf-token`; null where a token was sent."""

    id: str
    role: str
    teams: list[str] | None
    csrf: str | None
