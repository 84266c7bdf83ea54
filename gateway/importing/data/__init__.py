"""What is known of peers: LiteLLM's providers, options and lengths of models (1.110.2, MIT licence), Portkey's and OpenRouter's names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def table(name: str) -> Mapping[str, Any]:
    """One of the YAML files here; constant as long as the package is."""
    found: Mapping[str, Any] = yaml.load(files(__package__).joinpath(name).read_bytes(), Loader=yaml.CSafeLoader)
    return found


@cache
def litellm_models() -> Mapping[str, list[Any]]:
    """LiteLLM's own map, by its key: provider, kind, context, longest answer, capabilities."""
    found: Mapping[str, list[Any]] = json.loads(files(__package__).joinpath("litellm_models.json").read_bytes())
    return found
