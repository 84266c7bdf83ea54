"""Plain data as YAML, for files that other programs read."""

from __future__ import annotations

from typing import Any

import yaml


def written(data: Any) -> str:
    """Members stay in their order."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
