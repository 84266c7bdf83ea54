"""Where the Python of the adapter process is: it has litellm, which nothing else here may import."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import gateway

WAY_OUT: Final = (
    "the adapter's environment is missing; run `make dialects`, or where the gateway is a package: "
    "pip install 'entrepot[dialects]'"
)
_BESIDE = Path(gateway.__file__).parent.parent / ".venv-dialects" / "bin" / "python"


def no_adapter() -> str | None:
    """Why endpoints cannot be asked that need it, and the way out; None if they can."""
    return None if find_python() is not None else WAY_OUT


def find_python() -> str | None:
    """Of .venv-dialects beside a checkout, else our own if litellm is installed there; None if neither is."""
    if any(_BESIDE.parent.parent.glob("lib/python*/site-packages/litellm/__init__.py")) and _BESIDE.exists():
        return str(_BESIDE)
    return sys.executable if find_spec("litellm") is not None else None
