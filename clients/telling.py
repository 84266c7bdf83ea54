"""What every client's script tells the runner: one line of JSON for each thing it did."""

from __future__ import annotations

import json
import sys
from typing import Any

MODELS = sys.argv[1:]  # one for each wire of the scripted vendor


def tell(check: str, model: str, value: Any) -> None:
    """`check` is a verb of `clients/checks.py`, and the interface where a client has several."""
    print(json.dumps([check, model, value]), flush=True)


def tide(port: str) -> str:
    """When high water is at a port."""
    return f"06:12 at {port}"


def tide_tomorrow(port: str) -> str:
    """When high water is at a port tomorrow."""
    return f"06:58 at {port}"
