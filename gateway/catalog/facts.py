"""The compiled catalogue: what is known of every lab, model, operator and endpoint; `None` is unknown, never "no"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from gateway.catalog.prices import Price, Window
from gateway.catalog.rows import (
    BodyField,
    Ceilings,
    Contract,
    EndpointLimits,
    Factor,
    Licence,
    Listing,
    ModerationSignal,
    Notice,
    Parameters,
    Proxy,
    Reasoning,
    TlsFiles,
)
from gateway.catalog.wires import ADAPTED, dialect_of

ANY_MODEL = "*"  # of an endpoint that takes names which the catalogue does not know
Risk = Literal["low", "medium", "high"]
Hosting = Literal["self", "hosted"]


@dataclass(frozen=True, slots=True)
class Members:
    """A set fact: the members that are known, and whether there may be others."""

    known: frozenset[str]
    complete: bool = True

    def __or__(self, other: Members) -> Members:
        return Members(self.known | other.known, self.complete and other.complete)


UNKNOWN_MEMBERS = Members(frozenset(), complete=False)


@dataclass(frozen=True, slots=True, eq=False)  # compiled once: the same thing is the same object
class Lab:
    """Who trains weights."""

    id: str
    name: str
    country: str | None
    lists: Members  # restricted-party lists on which the lab stands
    source: str | None
    checked: date | None
    owner: str | None = None
    screened: date | None = None  # when the lists were searched
    listings: tuple[Listing, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, eq=False)  # compiled once: the same thing is the same object
class Model:
    """Weights: who trained them, from what, under which licence, and what they can do."""

    id: str
    lab: Lab
    bases: tuple[str, ...] | None  # model ids these weights were trained from; () = from scratch, None = undisclosed
    lineage: Members  # countries of the lab and of every ancestor
    lab_lists: Members  # lists of the lab and of every ancestor's lab
    open_weights: bool | None
    licence: str | None
    licence_family: Literal["permissive", "restricted", "proprietary"] | None
    decensored: bool | None
    context_tokens: int  # 0: unknown, which serves nothing longer than the reserve
    kinds: frozenset[str]
    can: frozenset[str]
    output_tokens: int  # expected output tokens of one answer, a prior
    source: str | None
    checked: date | None
    ancestors: tuple[str, ...] = ()  # ids of all models these weights descend from, nearest first
    certainty: str | None = None  # how sure the bases are
    router_of: tuple[str, ...] | None = None  # a router: models it may hand a request to
    output_limit: int | None = None
    benchmark_tokens: Mapping[str, int] = field(default_factory=dict)  # by effort; they compare models, nothing else
    note: str | None = None
    also: tuple[str, ...] = ()  # other names, for looking it up
    licence_gates: Members = UNKNOWN_MEMBERS  # names of the gates of its licence that ask something of somebody
    territory_excluded: Members = UNKNOWN_MEMBERS  # countries where its licence does not hold

    @property
    def origin(self) -> str | None:
        """Country of the lab that trained the final weights."""
        return self.lab.country


@dataclass(frozen=True, slots=True)
class Takes:
    """What Chat Completions, Responses or Messages take where vendors differ."""

    limit_field: Literal["max_tokens", "max_completion_tokens"] | None = None  # what Chat calls the bound on output
    custom_tools: bool | None = None  # tools that take a text; False: functions alone
    messages_version: date | None = None  # the newest `anthropic-version`; None: the first alone
    source: str | None = None
    checked: date | None = None

    @property
    def known(self) -> bool:
        """It says anything."""
        return any(fact is not None for fact in (self.limit_field, self.custom_tools, self.messages_version))


@dataclass(frozen=True, slots=True, eq=False)  # compiled once: the same thing is the same object
class Operator:
    """Who runs the machines, and who owns them in the end."""

    id: str
    name: str
    country: str | None
    parent_country: str | None
    lists: Members
    certifications: Members
    indemnity: bool | None
    sla: float | None
    source: str | None
    checked: date | None
    parent: str | None = None
    parent_source: str | None = None
    screened: date | None = None
    listings: tuple[Listing, ...] = ()
    indemnity_note: str | None = None
    sla_note: str | None = None
    takes: Takes = Takes()
    note: str | None = None
    also: tuple[str, ...] = ()  # other names, for looking it up


@dataclass(frozen=True, slots=True)
class Pin:
    """What the egress must match: checked on every new connection."""

    host_suffix: str | None = None
    cidr: str | None = None
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a key is read: a variable of the environment, or a file."""

    env: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        return self.env or str(self.file)


@dataclass(frozen=True, slots=True)
class Replica:
    """One way to an endpoint: an address and the key that is sent there (None: none is needed)."""

    base_url: str
    key: KeySource | None = None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Credential:
    """One part of what logs in at an endpoint, and where it is found: one of the four."""

    part: str  # of wires.WIRES
    env: str | None = None  # the variable that holds it
    file: str | None = None  # the file that holds it, read again when it changes
    file_env: str | None = None  # the variable that names such a file
    value: str | None = None  # itself, where it is no secret

    def __str__(self) -> str:
        return self.env or self.file_env or self.file or self.part


@dataclass(frozen=True, slots=True, eq=False)  # compiled once: the same thing is the same object
class Endpoint:
    """A door: one model at one operator in one place."""

    id: str  # model@operator or model@operator/region
    model: Model
    operator: Operator
    hosting: Hosting
    storage: Members
    inference: Members
    exposure: Members  # operator country, parent country, storage and inference
    lists: Members  # of operator, parent, lab and ancestors' labs
    risk: Risk
    risk_reasons: tuple[str, ...]
    trains_on_data: bool | None
    retention_days: int | None
    quantization: str | None
    api: str  # one of wires.WIRES
    replicas: tuple[Replica, ...]  # at least one; exactly one, without a key, if the adapter process logs in
    upstream_model: str
    prices: tuple[Price, ...]  # oldest first
    usd_per_hour: Decimal | None
    kinds: frozenset[str]  # what this door serves: the model's, unless it says otherwise
    can: frozenset[str]  # of the model, and what this endpoint declares (stored_state, hosted_tools)
    pin: Pin | None
    source: str | None
    checked: date | None
    index: int = 0  # position in the catalogue: the bit of this endpoint in the policy's masks
    vendor: str = ""  # whose way of saying no and of reasoning it follows
    ends: date | None = None  # the operator has announced its end
    note: str | None = None
    output_tokens_per_s: float | None = None  # of one own machine at full load
    takes_usage_option: bool = True  # `stream_options`, which we add to streams to learn their usage
    enabled: bool = True  # False: it serves nothing, until a row of a later layer says otherwise
    takes: Takes = Takes()  # its own, and the operator's where it does not say
    parameters: Parameters | None = None  # of bodies that are sent there, after the route's
    credentials: tuple[Credential, ...] = ()  # instead of keys, where the adapter process logs in
    ceilings: Ceilings | None = None
    limits: EndpointLimits | None = None
    proxy: Proxy | None = None  # that its connections go through
    tls: TlsFiles | None = None

    def is_at(self, place: tuple[str, str]) -> bool:
        """True of itself, its operator and its model: a kind and an id."""
        kind, name = place
        own = {"endpoint": self.id, "operator": self.operator.id, "model": self.model.id}
        return own[kind] == name

    @property
    def passes(self) -> bool:
        """Stands for whatever model is asked for by name there, which `{pass: operator}` alone proposes."""
        return self.model.id == ANY_MODEL

    @property
    def dialect(self) -> str:
        """Of what is said to it."""
        return dialect_of(self.api)

    @property
    def adapted(self) -> bool:
        """True if the adapter process speaks its wire for us."""
        return self.api in ADAPTED

    @property
    def login(self) -> tuple[Credential | KeySource, ...]:
        """Everything that is read to log in there; () if nothing does."""
        return (*(part for part in self.credentials if part.value is None), *self.keys)

    def __repr__(self) -> str:
        return f"<endpoint {self.id}>"

    @property
    def base_url(self) -> str:
        """Of its first replica."""
        return self.replicas[0].base_url

    @property
    def key_env(self) -> str | None:
        """The variable of its first replica's key; None: none is needed, or it stands in a file."""
        key = self.replicas[0].key
        return key.env if key is not None else None

    @property
    def keys(self) -> tuple[KeySource, ...]:
        """Where its keys are read, each once; none: it needs none."""
        return tuple(dict.fromkeys(replica.key for replica in self.replicas if replica.key is not None))


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything compiled; lookups by id. Order of endpoints is the order in the files."""

    labs: dict[str, Lab]
    models: dict[str, Model]
    operators: dict[str, Operator]
    endpoints: dict[str, Endpoint]
    body_fields: tuple[BodyField, ...] = ()
    moderation: tuple[ModerationSignal, ...] = ()
    licences: Mapping[str, Licence] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    factors: tuple[Factor, ...] = ()
    reasoning: tuple[Reasoning, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    contracts: tuple[Contract, ...] = ()

    def __repr__(self) -> str:
        """Whole, it would be megabytes."""
        return f"<catalogue of {len(self.endpoints)} endpoints>"
