"""What LiteLLM knows of a model that our catalogue does not: by `model_info`, the user's word, LiteLLM's own map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.importing.data import litellm_models
from gateway.importing.draft import Draft, model_id
from gateway.importing.shipped import Row

_CAN = {
    "supports_function_calling": "tools",
    "supports_parallel_function_calling": "parallel_tools",
    "supports_vision": "vision",
    "supports_response_schema": "json_schema",
    "supports_reasoning": "reasoning",
}
_KINDS = {"chat": "chat", "responses": "chat", "completion": "completion", "embedding": "embedding"}
INFO = frozenset({"max_input_tokens", "max_output_tokens", "max_tokens", "mode", "base_model", "id", *_CAN})


@dataclass(frozen=True, slots=True)
class Known:
    """Facts of a model, as a row of a catalogue has them."""

    kind: str
    weights: str | None
    facts: Row  # what the file and the user say, and else LiteLLM's map
    said: Row  # without the map, which knows names, not machines
    prices: tuple[Row, ...]

    @classmethod
    def of(
        cls, draft: Draft, provider: str, name: str, model: str, params: Mapping[str, Any], info: Mapping[str, Any]
    ) -> Known:
        """`info` goes before LiteLLM's map; what the user says with `--context` before both."""
        weights = _text(info.get("base_model")) or _text(params.get("base_model"))
        found = _mapped(provider, weights or name, weights or model)
        mode = _text(info.get("mode")) or (str(found[1]) if found else "chat")
        kind = _KINDS.get(mode, mode)
        context = _context(draft, name, model, weights) or _whole(info.get("max_input_tokens"))
        said = _facts(kind, context, _whole(info.get("max_output_tokens")), info, ())
        facts = said
        if found is not None:
            facts = _facts(kind, context or found[2], said.get("output_limit") or found[3], info, found[4])
        return cls(kind, weights, facts, said, _prices(draft, params, info))


def _facts(kind: str, context: int | None, limit: int | None, info: Mapping[str, Any], mapped: Sequence[str]) -> Row:
    facts: Row = {}
    facts |= {"context_tokens": context} if context else {}
    facts |= {"output_limit": limit} if limit else {}
    facts |= {"kinds": [kind]} if kind != "chat" else {}
    can = [word for option, word in _CAN.items() if info.get(option, word in mapped) is True]
    return facts | ({"can": can} if can else {})


def _mapped(provider: str, name: str, model: str) -> list[Any] | None:
    """LiteLLM's row of a model; by its bare name, where this provider has none of its own."""
    known = litellm_models()
    keys = (model, f"{provider}/{name}", name)
    return next((known[key] for key in keys if key in known), None)


def _context(draft: Draft, *names: str | None) -> int | None:
    return next(
        (
            draft.said.context[key]
            for name in names
            if name
            for key in (name, model_id(name))
            if key in draft.said.context
        ),
        None,
    )


def price_key(model: str, name: str, provider: str) -> str | None:
    """The key under which LiteLLM's map has a price."""
    keys = (model, f"{provider}/{name}", name)
    return next((key for key in keys if key in litellm_models()), None)


def _prices(draft: Draft, params: Mapping[str, Any], info: Mapping[str, Any]) -> tuple[Row, ...]:
    """Dollars per token become dollars per million."""
    said = {**info, **params}
    rates = {
        "input": "input_cost_per_token",
        "output": "output_cost_per_token",
        "cached_input": "cache_read_input_token_cost",
    }
    row = {name: price for name, option in rates.items() if (price := _per_million(said.get(option))) is not None}
    return ({"since": draft.said.today, **row},) if "input" in row and "output" in row else ()


def _per_million(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        price = round(float(str(value)) * 1e6, 6)
    except (ValueError, OverflowError):
        return None
    return price if 0 <= price < 1e6 else None


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        found = int(str(value).replace("_", ""))
    except ValueError:
        return None
    return found if 0 < found < 1e9 else None


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str) and value else None
