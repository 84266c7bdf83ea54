"""Who is played: three vendors, two of which serve the same weights; the third has a model for each wire."""

from __future__ import annotations

from dataclasses import dataclass

WEIGHTS_EVADE = (
    "xinjiang",
    "uyghur",
    "uighur",
    "新疆",
    "维吾尔",
)  # trained into the weights: every host of them evades


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor behaves."""

    id: str
    model: str  # that answers where none of its models is asked for
    points: int  # of an ordinary answer
    first_byte_s: float
    tokens_per_s: float
    reasoning_models: tuple[str, ...]
    cache_fields: bool  # DeepSeek's prompt_cache_hit_tokens
    topics: dict[str, tuple[str, ...]]  # way of saying no -> words of the prompt that set it off

    def named(self, model: object) -> str:
        """Which of its models answers."""
        return str(model) if model in self.reasoning_models else self.model


VENDORS = (
    Vendor(
        id="simulated-cn",
        model="simulated-deepseek",
        points=5,
        first_byte_s=0.25,
        tokens_per_s=60,
        reasoning_models=("simulated-deepseek",),
        cache_fields=True,
        topics={
            "risk_400": ("tiananmen", "4 june 1989", "june 4", "六四", "天安门"),
            "sensitive": ("falun", "法轮"),
            "empty": ("dalai", "tibet", "达赖", "西藏"),
            "canned": ("taiwan", "台湾", "台独"),
            "evade": WEIGHTS_EVADE,
            "mid_stream": ("hong kong", "great firewall", "香港", "防火长城"),
        },
    ),
    Vendor(
        id="simulated-us",
        model="simulated-deepseek",
        points=5,
        first_byte_s=0.12,
        tokens_per_s=120,
        reasoning_models=("simulated-deepseek",),
        cache_fields=False,
        topics={"evade": WEIGHTS_EVADE},
    ),
    Vendor(
        id="simulated-west",
        model="simulated-gpt",
        points=9,
        first_byte_s=0.18,
        tokens_per_s=90,
        reasoning_models=("simulated-gpt-5", "simulated-claude-4"),
        cache_fields=False,
        topics={
            "refusal_field": ("build a bomb", "synthesise a nerve agent", "steal a car", "制造炸弹"),
            "policy_400": ("ignore your usage policy",),
        },
    ),
)
