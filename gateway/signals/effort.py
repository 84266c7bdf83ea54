"""How much thinking a request asks for, from the reasoning parameters of the vendors' dialects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.signals.decode import decoded

DEFAULT: Final = "default"
CHOICES: Final = ("none", "low", "medium", "high", "max", DEFAULT)

_WORDS: Final = {
    "none": "none",
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}
_BUDGETS: Final = ((1, "none"), (4_096, "low"), (16_384, "medium"), (32_768, "high"))  # below this many tokens
_SWITCHED_ON: Final = "medium"  # thinking is asked for, but not how much
FIELDS: Final = frozenset(
    ("reasoning_effort", "output_config", "reasoning", "thinking", "enable_thinking", "thinking_budget")
) | {"chat_template_kwargs"}


def effort(fields: Mapping[str, object]) -> str:
    """One of CHOICES. A named effort wins over a budget, a budget over a switch; nothing understood is `default`."""
    if FIELDS.isdisjoint(fields):
        return DEFAULT
    given = {name: decoded(fields[name]) for name in FIELDS if name in fields}
    reasoning, thinking = _mapping(given.get("reasoning")), _mapping(given.get("thinking"))
    template = _mapping(given.get("chat_template_kwargs"))
    switches = (
        given.get("enable_thinking"),  # Qwen
        template.get("enable_thinking"),  # Qwen and GLM on vLLM and SGLang
        template.get("thinking"),  # DeepSeek on vLLM and SGLang
        reasoning.get("enabled"),  # OpenRouter
        {"disabled": False, "enabled": True}.get(str(thinking.get("type"))),  # Anthropic, DeepSeek, GLM, Kimi
    )
    if any(switch is False for switch in switches):
        return "none"
    named = (
        given.get("reasoning_effort"),
        _mapping(given.get("output_config")).get("effort"),  # Anthropic
        reasoning.get("effort"),  # Responses, OpenRouter
        thinking.get("effort"),
        template.get("reasoning_effort"),  # gpt-oss on vLLM
    )
    for word in named:
        if isinstance(word, str) and word in _WORDS:
            return _WORDS[word]
    for budget in (thinking.get("budget_tokens"), reasoning.get("max_tokens"), given.get("thinking_budget")):
        if isinstance(budget, int) and not isinstance(budget, bool):
            return next((word for bound, word in _BUDGETS if budget < bound), "max")
    return _SWITCHED_ON if any(switch is True for switch in switches) else DEFAULT


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
