"""Frozen dataclasses of which every request makes some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True)
def frozen(cls: type[Made]) -> type[Made]:
    """Frozen to mypy, which checks every line of ours; Python itself would take a microsecond longer to make one."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
