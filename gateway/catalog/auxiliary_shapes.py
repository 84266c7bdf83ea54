"""What the shapes of a catalogue's rows have in common, and the rows beside the facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.source import Amount, Day, Shape, Text

Word = Annotated[Text, Field(pattern=r"^[^\s@/]+$", max_length=100)]
Id = Annotated[Text, Field(pattern=r"^[^\s@/][^\s@]*$", max_length=160)]
Code = Annotated[str, Field(pattern=r"^([A-Z]{2}|unknown)$")]
Money = Annotated[Amount, Field(ge=0)]
Positive = Annotated[Amount, Field(gt=0)]


def instant(text: str) -> datetime:
    """A day, or a UTC time, as a time. Raises ValueError."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=UTC)


def _in_the_calendar(text: str) -> str:
    try:
        instant(text)
    except ValueError:
        raise PydanticCustomError("ours", "`{text}` is no day of the calendar", {"text": text}) from None
    return text


_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?$"
Since = Annotated[str, Field(pattern=_DAY), AfterValidator(_in_the_calendar)]
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = f"^{_TIME}-({_TIME}|24:00)$"

Certainty = Literal["documented", "lab_claim", "claimed", "unverified"]
Effort = Literal["none", "low", "medium", "high", "xhigh", "max", "default"]


class Sourced(Shape):
    """A row that says where it comes from."""

    source: str | None = Field(None, description="where this was read: a document, with its address or title")
    checked: Day | None = Field(None, description="the day it was read")
    note: str | None = Field(None, description="what a reader should know besides")


class CapShape(Shape):
    """Bounds of what a caller may ask for."""

    max_tokens: Annotated[int, Field(ge=1)] = Field(
        description="the most output tokens, whatever the wire calls that; set where the caller sets none"
    )


class ParametersShape(Shape):
    """Fields of the body that is sent, named as the endpoint's wire names them."""

    add: dict[str, Any] | None = Field(None, description="field: value, where the caller says nothing")
    cap: CapShape | None = Field(None, description="bounds what the caller asks for")
    drop: Annotated[list[Text], Field(min_length=1)] | None = Field(
        None, description="fields that are left out; one that is added as well is replaced"
    )


class TakesRow(Sourced):
    """What a vendor's Chat, Responses or Messages take where vendors differ; what is absent is not known."""

    limit_field: Literal["max_tokens", "max_completion_tokens"] | None = Field(
        None,
        description="what its Chat calls the bound on output; "
        "unknown: max_completion_tokens of own machines and of OpenAI's models, max_tokens of others",
    )
    custom_tools: bool | None = Field(
        None, description="tools of type `custom`; false: they go as functions; unknown: they go as they are"
    )
    messages_version: Day | None = Field(
        None, description="the newest `anthropic-version` that its Messages take; unknown: 2023-06-01"
    )


class Gates(Shape):
    """What a licence asks of those it names; null: nothing of the kind was found."""

    maas: str | None = Field(None, description="hosting it for others")
    revenue_usd: Annotated[int, Field(gt=0)] | None = Field(
        None, description="yearly revenue from which the gate applies"
    )
    display: str | None = Field(None, description="a name that must be shown")
    monthly_users: Annotated[int, Field(gt=0)] | None = Field(
        None, description="monthly active users from which it applies"
    )
    territory_excluded: list[Code] = Field(
        default=[], description="countries where the licence does not hold; EU for its members"
    )
    commercial: Literal["allowed", "authorisation", "forbidden"] | None = Field(None, description="commercial use")
    relaying_exempt: bool | None = Field(None, description="relaying requests to another host is outside the gate")
    exempt: str | None = Field(None, description="who is outside the gate")


class LicenceRow(Sourced):
    """A licence and what it asks."""

    id: Text = Field(description="SPDX id, or a name")
    name: str = Field(description="as it calls itself")
    family: Literal["permissive", "restricted", "proprietary"] | None = Field(None, description="what it amounts to")
    gates: Gates | None = Field(None, description="what it asks of whom; {} nothing, absent: it was not read")


class NoticeRow(Shape):
    """A ban, an incident or a finding: information, never a rule."""

    kind: Literal["ban", "incident", "finding", "proposal"] = Field(description="what it is")
    about: list[str] = Field(description="ids of labs, operators or models")
    where: str | None = Field(None, description="whose ban or finding")
    what: str = Field(description="what happened")
    date: Text | None = Field(None, description="when")
    source: str | None = Field(None, description="where this was read")


class ContractRow(Shape):
    """What was agreed with an operator: a discount on its list prices, a commitment to spend, or both."""

    operator: Text = Field(description="id of the operator")
    models: Annotated[list[Text], Field(min_length=1)] | None = Field(
        None, description="the discount is on these alone; absent: on all"
    )
    since: Since = Field(description="from this day, or this UTC time, on")
    until: Since | None = Field(None, description="it ends; absent: it goes on")
    discount_percent: Annotated[Amount, Field(gt=0, lt=100)] | None = Field(None, description="off every list price")
    committed_usd_per_month: Annotated[Amount, Field(gt=0)] | None = Field(
        None, description="what is invoiced for a UTC month in which less is used"
    )
    source: str | None = Field(None, description="where this was agreed")


class BodyFieldRow(Shape):
    """A field of the request that moves or keeps data elsewhere."""

    api: Literal["openai", "openai_responses", "anthropic"] = Field(description="the client's dialect")
    path: str = Field(description="dots for fields, [] for every item, e.g. tools[].type")
    values: list[Text | bool] | None = Field(
        None, description="only with one of these; `*` at the end matches the rest"
    )
    except_values: list[Text | bool] | None = Field(None, alias="except", description="with any value but these")
    needs: Literal["stored_state", "hosted_tools", "refused"] = Field(description="what the request then needs")
    why: str = Field(description="what the field does")
    source: str | None = Field(None, description="where this was read")


class SignalRow(Shape):
    """One way a vendor says no, or falters, matched on status, code and text together."""

    id: str = Field(description="a name for it")
    vendor: str = Field(description="a name that endpoints' `vendor` or operators use")
    operators: list[str] = Field(default=[], description="operators that answer like this; [] any")
    stage: Literal["input", "output", "any"] = Field(description="before the model, or in its reply")
    statuses: list[int] = Field(default=[], description="HTTP statuses; [] any")
    where: dict[str, Text | list[Text]] = Field(
        default={}, description="path in the body: value, list of values, or ~regex"
    )
    outcome: Literal["filtered", "declined", "failed"] = Field("filtered", description="what it is")
    retry: bool = Field(False, description="worth another try at the same endpoint")
    confidence: Literal["high", "medium", "low", "unknown"] = Field("high", description="how sure")
    source: str | None = Field(None, description="where this was read")
    checked: str | None = Field(None, description="the day on which it was last compared with that, as YYYY-MM-DD")
    note: str | None = Field(None, description="what a reader should know besides")


class CeilingsShape(Shape):
    """How much an endpoint is asked at most; one that is full is passed over, like one that rests."""

    requests_per_minute: Annotated[int, Field(gt=0)] | None = Field(None, description="requests a minute")
    tokens_per_minute: Annotated[int, Field(gt=0)] | None = Field(None, description="prompt and answer tokens a minute")
    at_once: Annotated[int, Field(gt=0)] | None = Field(None, description="requests under way at one time")
    queue: Annotated[int, Field(gt=0, le=10_000)] | None = Field(
        None, description="requests that wait for one of them to end, in each worker; more are 503"
    )
    queue_s: Positive | None = Field(None, description="seconds that they wait, then 503; 5 where nothing is said")

    @model_validator(mode="after")
    def _waits_for_something(self) -> CeilingsShape:
        if self.queue is not None and self.at_once is None:
            raise PydanticCustomError("ours", "`queue` waits for a seat, and without `at_once` there are none")
        if self.queue_s is not None and self.queue is None:
            raise PydanticCustomError("ours", "`queue_s` says how long to wait, and without `queue` nobody waits")
        return self


class EndpointLimitsShape(Shape):
    """Bounds of one request at this endpoint; where the route has one too, the tighter holds."""

    first_byte_s: Positive | None = Field(None, description="seconds of a stream to its first byte")
    whole_s: Positive | None = Field(None, description="seconds of a whole reply to its last byte")
    idle_s: Positive | None = Field(None, description="seconds of a stream without a sign of life, events or comments")
    total_s: Positive | None = Field(None, description="seconds of an attempt to its last byte")
    usd: Positive | None = Field(None, description="skip this endpoint where its worst case costs more")


class WindowRow(Shape):
    """Hours at which other rates hold."""

    id: str = Field(description="a name for it")
    hours_utc: list[Annotated[str, Field(pattern=_HOURS)]] = Field(description="from-to; to is outside")
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(default=[1, 2, 3, 4, 5, 6, 7], description="1 is Monday")
    except_holidays: Code | None = Field(None, description="not on public holidays of this country")
    utc_offset_hours: Annotated[int, Field(ge=-12, le=14)] = Field(
        0, description="weekday and holiday are told at this offset"
    )
    decided_by: Literal["start", "completion"] = Field("completion", description="which time of the request decides")
    source: str | None = Field(None, description="where this was read")


class FactorRow(Shape):
    """One reason for a level of risk. It counts unless one of its tests is known to be false."""

    id: str = Field(description="a name for it")
    level: Literal["low", "medium", "high"] = Field(
        description="the risk is at least this; low switches the factor off"
    )
    why: str = Field(description="shown in the register")
    when: dict[str, object] = Field(description="fact: test, all of them")


class ReasoningRow(Shape):
    """How a vendor is told how hard to think, and what it wants back of its thoughts."""

    vendor: str = Field(description="a name that endpoints' `vendor` or operators use")
    operators: list[str] = Field(default=[], description="operators that work like this")
    models: list[str] = Field(default=["*"], description="models it holds for; * globs")
    efforts: dict[Effort, dict[str, object]] = Field(default={}, description="fields to set for each effort")
    field: str | None = Field(None, description="where the thoughts stand in a message or delta")
    replay: Literal["required_with_tools", "allowed", "forbidden", "unknown"] = Field(
        "unknown", description="whether the thoughts of earlier turns are sent back"
    )
    default_on: bool | None = Field(None, description="it thinks when nothing is said")
    source: str | None = Field(None, description="where this was read")
