"""The shapes of catalog/*.yaml as written: each list may stand in any file; absent and `null` both mean unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from gateway.catalog.auxiliary_shapes import (
    BodyFieldRow,
    CeilingsShape,
    Certainty,
    Code,
    ContractRow,
    Effort,
    EndpointLimitsShape,
    FactorRow,
    Id,
    LicenceRow,
    Money,
    NoticeRow,
    ParametersShape,
    ReasoningRow,
    SignalRow,
    Since,
    Sourced,
    TakesRow,
    WindowRow,
    Word,
)
from gateway.catalog.connection_shapes import ConnectedRow
from gateway.interfaces import kinds
from gateway.source import Amount, Day, Shape, Text

if TYPE_CHECKING:
    Kind = str
else:
    Kind = Literal[kinds()]


Weight = Annotated[int, Field(gt=0, le=1000)]


class Listing(Shape):
    """What exactly stands on a restricted-party list."""

    list: str = Field(description="the list, e.g. us_entity_list")
    what: str = Field(description="the party as listed")
    date: Text | None = Field(None, description="since when: a day, a month or a year")
    source: str | None = Field(None, description="where this was read")


class LabRow(Sourced):
    """Who trains weights."""

    id: Id = Field(description="a name for it")
    name: str = Field(description="as it calls itself")
    country: Code | None = Field(None, description="ISO 3166-1 code of its home; null: unknown")
    owner: str | None = Field(None, description="who owns it in the end")
    lists: list[str] | None = Field(None, description="restricted-party lists it stands on; [] none, null unknown")
    screened: Day | None = Field(None, description="the day the lists were searched; `lists: []` needs one")
    listings: list[Listing] = Field(default=[], description="date and wording of each listing")


class ModelRow(Sourced):
    """Weights: whose, made from what, under which licence, able to do what."""

    id: Id = Field(description="canonical name of the weights, lower case")
    also: list[Text] = Field(default=[], description="other names it goes by, for looking it up")
    lab: str = Field(description="id of the lab that trained the final weights")
    base: list[str] | None = Field(
        None, description="models these were trained from; [] from scratch, null undisclosed"
    )
    certainty: Certainty | None = Field(None, description="how sure the base is; a lab's own word is lab_claim")
    open_weights: bool | None = Field(None, description="the weights can be downloaded")
    licence: Text | None = Field(None, description="SPDX id, or id of a licence row")
    decensored: bool | None = Field(None, description="refusals of a base were trained away")
    context_tokens: Annotated[int, Field(gt=0)] | None = Field(None, description="longest context")
    output_limit: Annotated[int, Field(gt=0)] | None = Field(None, description="most output tokens of one reply")
    kinds: list[Kind] | None = Field(None, description="what it serves; absent: [chat]")
    can: list[str] | None = Field(None, description="capabilities; what is not named it cannot")
    benchmark_tokens: dict[Effort, int] = Field(
        default={}, description="output tokens per benchmark task by effort: they compare models, and mean nothing else"
    )
    router_of: list[str] | None = Field(None, description="a router: models it may hand a request to")


class OperatorRow(Sourced):
    """Who runs the machines, and who owns them in the end."""

    id: Word = Field(description="a name for it")
    also: list[Text] = Field(default=[], description="other names it goes by, for looking it up")
    name: str = Field(description="as it calls itself, with the contracting entity")
    country: Code | None = Field(None, description="where the contracting entity is incorporated")
    parent: str | None = Field(None, description="who owns it in the end")
    parent_country: Code | None = Field(None, description="where that owner is")
    parent_source: str | None = Field(None, description="where the owner was read, if elsewhere than `source`")
    lists: list[str] | None = Field(None, description="lists on which it or its ultimate parent stands")
    screened: Day | None = Field(None, description="the day the lists were searched; `lists: []` needs one")
    listings: list[Listing] = Field(default=[], description="date and wording of each listing")
    certifications: list[str] | None = Field(None, description="audits it holds, e.g. soc2, iso27001")
    indemnity: bool | None = Field(None, description="it indemnifies customers against claims")
    indemnity_note: str | None = Field(None, description="on what condition")
    sla: Annotated[Amount, Field(gt=0, le=100)] | None = Field(None, description="promised availability in percent")
    sla_note: str | None = Field(None, description="what the terms say")
    takes: TakesRow | None = Field(None, description="what its doors take of what is translated for them")


class Rates(Shape):
    """US dollars per million tokens."""

    input: Money | None = Field(None, description="fresh input")
    output: Money | None = Field(None, description="output")
    cached_input: Money | None = Field(None, description="input read from the cache; absent: the input price")
    cache_write: Money | None = Field(None, description="input written to the cache; absent: the input price")
    reasoning: Money | None = Field(None, description="reasoning tokens; absent: the output price")
    thinking_output: Money | None = Field(None, description="every output token of a reply that reasoned")


class Tier(Rates):
    """Rates of requests longer than this."""

    above: Annotated[int, Field(gt=0)] = Field(description="applies to requests with more input tokens than this")


class WindowRates(Rates):
    """Rates while a window of time is open."""

    window: str = Field(description="name of a window, e.g. deepseek-peak")


class ImagePrice(Shape):
    """What one image of this size and quality costs."""

    size: Annotated[str, Field(pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")] | None = Field(
        None, description="WIDTHxHEIGHT, as it is asked for; absent: of any size"
    )
    quality: Literal["low", "medium", "high", "xhigh", "max", "standard", "hd"] | None = Field(
        None, description="as it is asked for; absent: of any quality"
    )
    usd: Money = Field(description="US dollars an image")


class PriceRow(Rates):
    """A price from a day on."""

    since: Since = Field(description="from this day, or this UTC time, on")
    until: Since | None = Field(None, description="only with `contract`: the agreement ends")
    contract: bool = Field(False, description="agreed with the vendor: goes before list prices")
    image: Money | None = Field(None, description="US dollars an image")
    images: list[ImagePrice] = Field(default=[], description="of other sizes and qualities; needs `image`")
    audio_minute: Money | None = Field(None, description="US dollars a minute of sound, heard or spoken")
    characters: Money | None = Field(None, description="US dollars a million characters that are spoken")
    searches: Money | None = Field(None, description="US dollars a thousand searches of a reranker")
    image_input: Money | None = Field(None, description="US dollars a million input tokens of pictures; absent: input")
    image_output: Money | None = Field(None, description="a million output tokens of pictures; absent: output")
    audio_input: Money | None = Field(None, description="a million input tokens of sound; absent: input")
    audio_output: Money | None = Field(None, description="a million output tokens of sound; absent: output")
    free: bool = Field(False, description="it costs nothing, and `source` says so; else 0 at a vendor is unknown")
    tiers: list[Tier] = Field(default=[], description="other rates for long requests")
    windows: list[WindowRates] = Field(default=[], description="other rates at certain hours")
    batch: Rates | None = Field(None, description="rates of the vendor's batch interface; for reading only")
    currency: Literal["USD", "CNY"] = Field("USD", description="what the vendor bills in; rates are US dollars anyway")
    rate_date: Day | None = Field(None, description="day of the exchange rate, for a currency other than USD")
    origin: str | None = Field(None, alias="from", description="map@version:key that it was resolved from")
    source: str | None = Field(None, description="where the map read it")


class Pin(Shape):
    """What the egress must match."""

    host_suffix: str | None = Field(None, description="the peer's name ends so")
    cidr: str | None = Field(None, description="the peer's address lies in this network")
    certificate: str | None = Field(None, description="a name in the peer's certificate")


class Additions(Shape):
    """What we add to requests, and a vendor may not take. What its replies say it does not take is left out anyway."""

    stream_options: bool = Field(True, description="the usage option of a stream; without it usage is estimated")


class KeyRow(Shape):
    """One of several keys of an endpoint."""

    env: str | None = Field(None, description="environment variable with the key: *_API_KEY or GATEWAY_KEY_*")
    file: str | None = Field(None, description="absolute path of a file with the key, read again when it changes")
    weight: Weight = Field(1, description="its share of the conversations, beside the others' weights")


class ReplicaRow(Shape):
    """One of several addresses of an endpoint."""

    base_url: str = Field(description="as `base_url` of an endpoint")
    weight: Weight = Field(1, description="its share of the conversations, beside the others' weights")


class CredentialRow(Shape):
    """Where one part of a login is found; one of the three."""

    env: str | None = Field(None, description="the environment variable that holds it")
    file: Text | None = Field(None, description="the file that holds it; read again when it changes")
    file_env: str | None = Field(None, description="the environment variable that names such a file")


class EndpointRow(ConnectedRow):
    """A door: one model at one operator in one place."""

    id: Text = Field(description="model@operator, or model@operator/region")
    model: str | None = Field(None, description="must match the id; absent: taken from it")
    operator: str | None = Field(None, description="must match the id; absent: taken from it")
    hosting: Literal["self", "hosted"] = Field(description="own machines, or somebody else's")
    storage: list[Code] | None = Field(None, description="countries where prompts are kept; [] nowhere, null unknown")
    inference: Annotated[list[Code], Field(min_length=1)] | None = Field(
        None, description="countries where prompts may be computed; `unknown` among them: others are possible"
    )
    trains_on_data: bool | None = Field(None, description="prompts may be used for training")
    retention_days: Annotated[int, Field(ge=0)] | None = Field(None, description="days that prompts are kept; 0 none")
    quantization: str | None = Field(None, description="number format of the weights as served")
    api: Text = Field(
        description="openai, openai_responses, anthropic, azure; by adapter bedrock, vertex, gemini, cohere, watsonx"
    )
    base_url: str = Field(description="plain http only for hosting: self or a loopback address")
    replicas: Annotated[list[ReplicaRow], Field(min_length=1)] | None = Field(
        None, description="instead of base_url: several addresses, chosen by weight; one that fails is passed over"
    )
    upstream_model: Text | None = Field(None, description="the name this operator knows the model by; absent: its id")
    key_env: str | None = Field(None, description="environment variable with the key: *_API_KEY or GATEWAY_KEY_*")
    key_file: str | None = Field(
        None, description="instead of key_env: absolute path of a file with the key, read again when it changes"
    )
    keys: Annotated[list[KeyRow], Field(min_length=1)] | None = Field(
        None, description="instead of key_env: several keys, chosen by weight; one that is refused is passed over"
    )
    credentials: dict[str, CredentialRow | Text] = Field(
        default={}, description="where the adapter's login is found, by part: docs/clouds.md; instead of key_env"
    )
    prices: list[PriceRow] = Field(default=[], description="dated rows")
    price_keys: list[str] = Field(
        default=[], description="where `catalog refresh` finds its price: map:key, best first"
    )
    bills_in: Literal["USD", "CNY"] = Field("USD", description="currency of the list price")
    usd_per_hour: Money | None = Field(None, description="real cost of own machines, for reports")
    output_tokens_per_s: Annotated[float, Field(gt=0)] | None = Field(
        None, description="what one of these machines writes at full load, for reports: beyond it another is needed"
    )
    kinds: list[Kind] | None = Field(None, description="what this door serves, if not what its model serves")
    can: list[str] | None = Field(
        None, description="capabilities of this door besides the model's: stored_state, hosted_tools"
    )
    cannot: list[str] = Field(default=[], description="capabilities of the model that this door lacks")
    pin: Pin | None = Field(None, description="what every new connection must match")
    vendor: str | None = Field(
        None, description="whose way of saying no and of reasoning it follows; absent: the operator's"
    )
    adds: Additions = Field(default=Additions(), description="what it takes of what we add; absent: everything")
    takes: TakesRow | None = Field(
        None, description="what it takes of what is translated for it; a fact that is absent: the operator's"
    )
    parameters: ParametersShape | None = Field(None, description="what its requests are given and relieved of")
    ends: Day | None = Field(None, description="the operator has announced its end")
    ceilings: CeilingsShape | None = Field(None, description="how much it is asked at most; full, it is passed over")
    limits: EndpointLimitsShape | None = Field(None, description="bounds of one request here, beside the route's")
    enabled: bool = Field(True, description="false: it takes no part until a later layer's row says `enabled: true`")

    @model_validator(mode="before")
    @classmethod
    def _without_one_address(cls, row: Any) -> Any:
        """`base_url` is "" where replicas stand instead of it."""
        if isinstance(row, dict) and row.get("replicas") is not None and row.get("base_url") is None:
            return {**row, "base_url": ""}
        return row


class EndpointPrices(Shape):
    """Rows that `gateway catalog refresh` writes."""

    endpoint: Text = Field(description="the endpoint they belong to")
    rows: list[PriceRow] = Field(description="dated rows")


class CatalogFile(Shape):
    """One file of a catalogue."""

    labs: list[LabRow] = Field(default=[])
    models: list[ModelRow] = Field(default=[])
    operators: list[OperatorRow] = Field(default=[])
    endpoints: list[EndpointRow] = Field(default=[])
    prices: list[EndpointPrices] = Field(default=[])
    contracts: list[ContractRow] = Field(default=[])
    licences: list[LicenceRow] = Field(default=[])
    notices: list[NoticeRow] = Field(default=[])
    body_fields: list[BodyFieldRow] = Field(default=[])
    moderation: list[SignalRow] = Field(default=[])
    windows: list[WindowRow] = Field(default=[])
    risk: list[FactorRow] = Field(default=[])
    reasoning: list[ReasoningRow] = Field(default=[])
