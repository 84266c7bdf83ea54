"""What is believed before anything was observed: the catalogue's ratios between models, and published refusal rates."""

from __future__ import annotations

from gateway.catalog.countries import CHINA
from gateway.catalog.facts import Model

FIRST_BYTE_S = 1.0
SECONDS_PER_TOKEN = 0.02
FAILED = 0.02
ANSWERED = 0.97  # where no figure is published
# Share of complete answers by origin of the base weights: SpeechMap (xlr8harder/llm-compliance, speechmap-data;
# Apache-2.0), 37 models, rows weighted by inverse sampling rate, labels by an LLM judge. `decensored` are R1-1776 and
# MAI-DS-R1. Languages: English, Chinese, and Finnish for all others.
_PUBLISHED = {
    ("china", "prc_political"): {"en": 0.711, "zh": 0.423, "other": 0.639},
    ("decensored", "prc_political"): {"en": 0.976, "zh": 0.643, "other": 0.97},
    ("elsewhere", "prc_political"): {"en": 0.915, "zh": 0.849, "other": 0.952},
    ("china", "other_political"): {"en": 0.933},
    ("elsewhere", "other_political"): {"en": 0.944},
    ("china", "us_political"): {"en": 0.986},
    ("elsewhere", "us_political"): {"en": 0.963},
}


def expected_tokens(model: Model, effort: str) -> float:
    """Output tokens of one answer. Benchmark counts say how efforts and models compare, nothing else."""
    counts = model.benchmark_tokens
    usual = counts.get("default") or counts.get("medium")
    asked = counts.get(effort)
    return model.output_tokens * (asked / usual if asked and usual else 1.0)


def answered_rate(model: Model, topic: str, language: str) -> float:
    """Share of requests that the weights answer."""
    published = _PUBLISHED.get((_kind(model), topic)) or _PUBLISHED.get(("elsewhere", topic), {})
    return published.get(language, published.get("other", published.get("en", ANSWERED)))


def _kind(model: Model) -> str:
    if model.decensored:
        return "decensored"
    return "china" if not CHINA.isdisjoint(model.lineage.known) else "elsewhere"
