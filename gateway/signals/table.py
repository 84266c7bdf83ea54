"""The table of signals a `when` may mention: what each is, which form it has, which words it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from gateway.catalog.table import CAPABILITIES
from gateway.identity import DATA_CLASSES
from gateway.interfaces import kinds
from gateway.signals.value import Value

Form = Literal["word", "set", "number", "bool", "ordered"]

KINDS = kinds()
EFFORTS = ("none", "low", "medium", "high", "max")
TOPICS = (
    "prc_political",
    "us_political",
    "other_political",
    "malicious",
    "self_harm",
    "medical",
    "legal",
    "financial",
    "code",
)
PII_KINDS = ("email", "phone", "card", "iban", "national_id", "ip_address")
SECRET_KINDS = ("api_key", "private_key", "password", "token", "connection_string")
NEEDS = CAPABILITIES
# ISO 639-1
LANGUAGES = tuple(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es
    et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki
    kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no
    nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te
    tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    """.split()
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One word of the policy language that `when` may mention."""

    name: str
    form: Form
    description: str
    words: tuple[str, ...] | None = None  # the closed choices, ascending if ordered; None: the policy's names, or any
    empty: Value = None  # its value in an empty request
    chosen_by_caller: bool = False  # the caller can set it to what it likes
    reads: str | None = (
        None  # the module whose `measure(text)` reads the text, where somebody needs it; `load()` if slow
    )
    personal: bool = False  # about people: records can keep it coarse, and forget it
    recorded: bool = False  # of those that read text: for the records, unless the policy says `record_signals: none`


_ROWS = (
    Signal("team", "word", "the team the key belongs to"),
    Signal("app", "word", "the app the key belongs to"),
    Signal("residency", "word", "`any`, or the name of a set; compared as a name, never expanded", empty="any"),
    Signal("tag", "word", "from `x-gateway-tag`, one of the tags in callers.yaml", chosen_by_caller=True),
    Signal("data_class", "ordered", "how sensitive the data is, by key and header", DATA_CLASSES, DATA_CLASSES[0]),
    Signal("model", "word", "the model the caller asked for; `*` allowed", empty="auto", chosen_by_caller=True),
    Signal("model_known", "bool", "whether that names a model or endpoint of the catalogue", empty=False),
    Signal("kind", "word", "which interface was called", KINDS, "chat", chosen_by_caller=True),
    Signal("stream", "bool", "whether the reply is streamed", empty=False, chosen_by_caller=True),
    Signal("tokens", "number", "estimated prompt tokens", empty=0, chosen_by_caller=True),
    Signal("effort", "ordered", "reasoning effort asked for; `default` if none is", (*EFFORTS, "default"), "default"),
    Signal(
        "language",
        "word",
        "ISO 639-1 of the prompt's main language, or `other`",
        (*LANGUAGES, "other"),
        reads="gateway.signals.language",
        recorded=True,
    ),
    Signal(
        "topic",
        "set",
        "what the prompt is about",
        TOPICS,
        frozenset(),
        reads="gateway.signals.topic",
        personal=True,
        recorded=True,
    ),
    Signal(
        "pii",
        "set",
        "kinds of personal data in the prompt; not names, not addresses",
        PII_KINDS,
        frozenset(),
        reads="gateway.signals.pii",
        personal=True,
    ),
    Signal(
        "secrets",
        "set",
        "kinds of credentials in the prompt",
        SECRET_KINDS,
        frozenset(),
        reads="gateway.signals.secrets",
    ),
    Signal(
        "source",
        "set",
        "where the text comes from, by `x-gateway-source`; `*` and `**` allowed",
        empty=frozenset(),
        chosen_by_caller=True,
        personal=True,
    ),
    Signal("needs", "set", "what the endpoint must be able to do", NEEDS, frozenset(), True),
    Signal("budget_used", "number", "0 to 1 of the caller's tightest budget", empty=0.0),
)
SIGNALS = {row.name: row for row in _ROWS}


@cache
def text_signals() -> frozenset[str]:
    """Those that read the text of the request; each is measured only where somebody needs it."""
    return frozenset(row.name for row in SIGNALS.values() if row.reads is not None)


@cache
def personal_signals() -> tuple[str, ...]:
    """Those about people, in the order of the table."""
    return tuple(row.name for row in SIGNALS.values() if row.personal)


@cache
def recorded_signals() -> frozenset[str]:
    """Those that read text and are recorded unless the policy says `record_signals: none`."""
    return frozenset(row.name for row in SIGNALS.values() if row.recorded)


@cache
def empty_signals() -> Mapping[str, Value]:
    """What each is worth in an empty request."""
    return MappingProxyType({row.name: row.empty for row in SIGNALS.values()})
