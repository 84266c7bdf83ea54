"""What is known of peers: LiteLLM's providers, options and models (1.110.2, MIT licence), Portkey's providers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from gateway.source import parse


@cache
def table(name: str) -> Mapping[str, Any]:
    """One of the YAML files here; constant as long as the package is."""
    document = parse(files(__package__).joinpath(name).read_bytes(), name)
    found: Mapping[str, Any] = document.at(())
    return found


@cache
def litellm_models() -> Mapping[str, list[Any]]:
    """LiteLLM's own map, by its key: provider, kind, context, longest answer, capabilities."""
    found: Mapping[str, list[Any]] = json.loads(files(__package__).joinpath("litellm_models.json").read_bytes())
    return found
