"""The prompts that the topic model learns from, with a yes, a no or nothing for every topic."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gateway.signals import ngrams
from gateway.signals.topic import TOPICS, lexicon
from training.linear import Example
from training.topic import written

EARLIER = 4339  # copied prompts that stand first; the others came later and share no group with them
COPIED = Path(__file__).parent / "copied" / "topics.jsonl.gz"

_POSITIVE = {
    "cn_political": ("prc_political",),
    "us_political": ("us_political",),
    "ru_political": ("other_political",),
    "eu_political": ("other_political",),
    "political_other": ("other_political",),
    "advice_legal_financial": ("legal", "financial"),
    "medical": ("medical",),
    "malicious": ("malicious",),
    "benign": (),
    "safety_adversarial": (),
    "harmful_content": (),
}
# What a label leaves open: its rows may well be about these too.
_OPEN = {
    "cn_political": ("legal", "financial"),
    "us_political": ("legal", "financial", "medical", "other_political"),
    "political_other": ("us_political", "malicious"),
    "advice_legal_financial": ("malicious", "medical"),
    "medical": ("malicious", "self_harm"),
    "malicious": ("self_harm", "medical", "legal", "financial", "code", "us_political", "other_political"),
    "safety_adversarial": ("medical", "legal", "financial", "self_harm", "other_political"),
    "harmful_content": ("malicious", "us_political", "other_political", "medical", "self_harm"),
    "benign": ("us_political", "other_political"),
}
_RARE = ("malicious", "self_harm")
_WEIGHTS = {"safety_adversarial": 0.3}
# Of harm the copied prompts say more than ours, which are many but stand for few templates; what these hold they lack.
_LESS = {
    "plain_questions": 0.8,
    "orders": 2.0,
    "groups": 0.6,
    "instructions": 0.6,
    "everyday": 0.6,
    "politics": 0.4,
    "advice": 0.4,
    "other_languages": 0.4,
}
_LEAST = 0.15
_OF_HARM = ("plain_questions", "orders")  # these teach what means no harm, and nothing of other topics
# A harmless prompt that has one of these words may be about the topic, although nobody labelled it so.
_MAYBE = {
    "medical": re.compile(r"(?i)health|doctor|patient|medic|disease|drug|症|病|药|医|健康|治疗"),
    "legal": re.compile(r"(?i)\blaw|legal|court|contract|法律|合同|法院|规定"),
    "financial": re.compile(r"(?i)invest|stock|bank|tax|loan|money|financ|投资|股|银行|税|贷|经济|金融|价格"),
    "code": re.compile(
        r"(?i)code|program|python|java|sql|function|algorithm|json|script|代码|编程|程序|函数|算法|漏洞|CVE|攻击"
    ),
    "self_harm": re.compile(r"(?i)suicid|kill (my|your)self|自杀|自残"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An example with where it comes from."""

    example: Example
    source: str
    language: str
    group: str


def rows() -> list[Row]:
    """Everything, always in the same order."""
    return [*copied(), *ours()]


def copied() -> Iterator[Row]:
    """The copied prompts; ATTRIBUTION.md names their sources."""
    with gzip.open(COPIED, "rt", encoding="utf-8") as lines:
        for found in map(json.loads, lines):
            labels = labelled(found["label"], found["sublabel"] or "", found["text"])
            if labels:
                weight = _WEIGHTS.get(found["label"], 1.0)
                yield Row(example(found["text"], labels, weight, {}), found["source"], found["lang"], found["group"])


def later() -> frozenset[str]:
    """The groups of the copied prompts that came later."""
    with gzip.open(COPIED, "rt", encoding="utf-8") as lines:
        return frozenset(json.loads(line)["group"] for line in islice(lines, EARLIER, None))


def labelled(label: str, sublabel: str, text: str) -> dict[str, int]:
    """Yes and no by topic; empty for a row that teaches nothing."""
    if label not in _POSITIVE:
        return {}
    labels = dict.fromkeys(TOPICS, 0)
    for topic in _OPEN.get(label, ()):
        del labels[topic]
    labels |= dict.fromkeys(_POSITIVE[label], 1)
    if label == "harmful_content" and "SH" in sublabel.partition(":")[2].split(","):
        labels["self_harm"] = 1
    if sublabel in ("instruction:code",) or sublabel == "Malware":
        labels["code"] = 1
    for topic, words in _MAYBE.items():
        if labels.get(topic) == 0 and words.search(text):
            del labels[topic]
    return labels


def ours() -> Iterator[Row]:
    """The prompts written for this project."""
    for i, prompt in enumerate(written.read()):
        labels = {topic: int(topic in prompt.topics) for topic in TOPICS}
        if labels.get("code") == 0 and _MAYBE["code"].search(prompt.text):
            del labels["code"]
        if prompt.file in _OF_HARM:
            labels = {"malicious": 0}
        framed = prompt.group.startswith(("subject:", "combined:"))
        if prompt.group.startswith("subject:") and i % 8:  # all would drown the few prompts that mean harm
            labels = {topic: wanted for topic, wanted in labels.items() if wanted or topic not in _RARE}
        weight = 0.5 if framed else 1.5
        less = {"malicious": _LESS.get(prompt.file, _LEAST)}
        yield Row(example(prompt.text, labels, weight, less), "written", prompt.language, prompt.group)


def example(text: str, labels: dict[str, int], weight: float, less: Mapping[str, float]) -> Example:
    """With what the lexicon finds in the text, and the word that it begins with."""
    codes = ngrams.fold(text)
    mask = lexicon.script(codes) | lexicon.mask(lexicon.hits(ngrams.unfold(codes)))
    return Example(text, labels, weight, (*lexicon.names(mask), ngrams.opening(codes)), less)
