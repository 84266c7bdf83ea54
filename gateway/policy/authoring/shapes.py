"""The shapes of policy.yaml and cases/*.yaml as written; tests stay plain data until names are resolved."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from gateway.catalog.auxiliary_shapes import ParametersShape
from gateway.policy.rules import Order
from gateway.source import Amount, Day, Shape, Text

Tests = Annotated[dict[str, Any], WithJsonSchema({"x-shape": "FactTests"})]
When = Annotated[dict[str, Any], WithJsonSchema({"x-shape": "When"})]
Tries = Annotated[Any, WithJsonSchema({"x-shape": "Try"})]
ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
OneOrMore = Annotated[Any, WithJsonSchema(ONE_OR_MORE)]
SignalNames = Annotated[Any, WithJsonSchema({"x-shape": "SignalNames"})]
Percent = Annotated[Amount, Field(ge=0, le=100, description="of the requests")]
Seconds = Annotated[Amount, Field(gt=0, description="seconds")]
ShareWeight = Annotated[Amount, Field(ge=0, le=1_000_000_000)]
Fraction = Annotated[Amount, Field(ge=0, le=1)]
Name = Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
Words = Annotated[list[Text], Field(min_length=1)]

ORDER = "what sorts the endpoints of one item"
Affinity = Literal["none", "conversation"]


class GuardShape(Shape):
    """Hard: removes endpoints from every request for which its `when` holds. Order never matters."""

    name: Name = Field(description="one word (letters, digits, `.`, `_`, `-`), shown to callers that it stops")
    why: str | None = Field(None, description="shown to callers that it stops")
    when: When | None = Field(None, description="tests on signals, all of them; absent: always")
    only: Tests | None = Field(None, description="keeps an endpoint if every test is true")
    never: Tests | None = Field(None, description="removes an endpoint unless at least one test is false")


class LimitsShape(Shape):
    """Bounds of one request."""

    first_byte_s: Seconds | None = Field(None, description="of a stream to its first byte, of each attempt")
    whole_s: Seconds | None = Field(None, description="of a whole reply to its last byte, of each attempt")
    idle_s: Seconds | None = Field(None, description="of a stream without a sign of life, events or comments")
    total_s: Seconds | None = Field(None, description="to the last byte, of the request")
    attempts: Annotated[int, Field(ge=1, le=20)] | None = Field(None, description="tries in all")
    retry_same: Annotated[int, Field(ge=0, le=5)] | None = Field(
        None,
        description="tries more of an endpoint that breaks a reply or says 5xx, before the next is asked; "
        "the openings of its streams are then held as those that may be refusals are",
    )
    usd: Amount | None = Field(None, gt=0, description="skip endpoints whose worst case costs more")


class ExceptShape(Shape):
    """Requests whose refusal stands."""

    topic: OneOrMore = Field(description="topics, or the name of a set")


class HoldShape(Shape):
    """How long an opening is held back."""

    chars: Annotated[int, Field(ge=0)] | None = Field(None, description="characters of answer text")
    seconds: Amount | None = Field(None, ge=0, description="from the first character of the answer")
    thinking_s: Amount | None = Field(
        None, ge=0, description="seconds of reasoning, or of silence after the first event"
    )


class OnRefusalShape(Shape):
    """When another endpoint is asked instead."""

    reroute: list[Literal["filtered", "blank", "declined", "evaded"]] | None = Field(None, description="which replies")
    except_: ExceptShape | None = Field(None, alias="except", description="the refusal stands for these")
    prefer: Literal["same_weights_elsewhere", "other_lineage", "listed"] | None = Field(None, description="goes first")
    hold: HoldShape | None = Field(None, description="how long an opening is held back to tell")
    hops: Annotated[int, Field(ge=0, le=10)] | None = Field(None, description="endpoints asked instead, at most")


class BoundShape(Shape):
    """A bound that must not be passed."""

    above: Fraction = Field(description="a rate from 0 to 1")


class StopShape(Shape):
    """When a canary stops by itself, for good: a rate is read off from 30 on."""

    refusal_rate: BoundShape | None = Field(None, description="of its replies: declined, evaded, filtered or blank")
    failure_rate: BoundShape | None = Field(None, description="of its attempts: failed")


class CanaryShape(Shape):
    """A share of the conversations goes to this endpoint first, each conversation always or never."""

    endpoint: Text = Field(description="endpoint id, listed by the route or not; the guards hold")
    percent: Percent
    stop_if: StopShape | None = Field(None, description="stops by itself; changing the canary begins it anew")


class ShareShape(Shape):
    """A share is also sent to this endpoint, where the team allows it; nobody sees its replies."""

    endpoint: Text = Field(description="endpoint id")
    percent: Percent


class CacheShape(Shape):
    """Answers of this route are kept, and given again to whoever asks exactly the same. Guards are asked each time."""

    ttl: Annotated[str, Field(pattern=r"^[1-9][0-9]*[smhd]$", description="how long, like 30m, 1h or 7d; at most 30d")]
    scope: Literal["team", "key"] = Field("team", description="who is given them again: the team, or the key alone")
    when: When | None = Field(None, description="tests on signals, all of them; absent: all that can be kept")
    tools: bool = Field(False, description="also where the request offers tools")


class RouteShape(Shape):
    """Proposes and orders endpoints. The first route that applies is final."""

    name: Name = Field(description="one word (letters, digits, `.`, `_`, `-`), shown in every record")
    when: When | None = Field(None, description="tests on signals, all of them; absent only in the last route")
    try_: Tries = Field(
        alias="try", description="endpoint id, model id, `requested`, `{any: {fact: test}}` or `{pass: operator}`"
    )
    order: Order | None = Field(None, description=ORDER)
    weights: dict[str, ShareWeight] | None = Field(
        None, description="endpoint: its share, with `order: weighted`; 0: last; endpoints that are not named weigh 1"
    )
    affinity: Affinity | None = Field(None, description="a conversation stays at its endpoint")
    limits: LimitsShape | None = None
    on_refusal: OnRefusalShape | None = None
    baseline: Text | None = Field(None, description="what savings of this route are measured against")
    canary: CanaryShape | None = None
    shadow: ShareShape | None = None
    exploration: Literal["none", "thompson"] | None = Field(None, description="tries uncertain endpoints now and then")
    parameters: ParametersShape | None = Field(None, description="what its requests are given and relieved of")
    cache: CacheShape | None = Field(None, description="answers are kept, and given again")


class DefaultsShape(Shape):
    """What holds where a route says nothing."""

    order: Order | None = Field(None, description=ORDER)
    affinity: Affinity | None = Field(None, description="a conversation stays at its endpoint")
    limits: LimitsShape | None = None
    on_refusal: OnRefusalShape | None = None


class ProbeShape(Shape):
    """A schedule for the refusal map."""

    team: Text = Field(description="whose guards and budget")
    every: Annotated[str, Field(pattern=r"^[1-9][0-9]*[mhd]$", description="like 24h")]
    usd: Amount = Field(gt=0, description="at most, each time")


class WaiverShape(Shape):
    """One guard does not hold for one team, until the end of a day. Counts as widening."""

    guard: Text = Field(description="the one guard that it lifts")
    team: Text = Field(description="the one team for which it does")
    until: Day = Field(description="the last day on which it holds, UTC; from midnight on the guard holds again")
    approved_by: Annotated[Text, Field(min_length=1)] = Field(description="who answers for it")
    reason: Annotated[Text, Field(min_length=1)] = Field(description="why")


class PolicyBudgetShape(Shape):
    """What may be spent per UTC period at one place, whoever spends it, or by one team beside its own budget."""

    operator: Text | None = Field(None, description="at this operator's endpoints; of these four exactly one")
    endpoint: Text | None = Field(None, description="at this endpoint")
    model: Text | None = Field(None, description="at this model's endpoints")
    team: Text | None = Field(None, description="by this team")
    usd: Amount = Field(ge=0, description="US dollars per period")
    per: Literal["day", "week", "month"] = Field("month", description="the period, in UTC")
    when_spent: Literal["reject", "self_only"] = Field(
        "reject", description="which endpoints it no longer lets be asked then: all that it bounds, or hosted ones only"
    )


class PolicyFile(Shape):
    """policy.yaml: guards, routes, baseline."""

    version: Literal[1] = Field(description="of the policy language")
    sets: dict[str, Words] = Field(default={}, description="a name for a list, usable wherever a list is")
    baseline: Text | None = Field(
        None, description="endpoint that savings are measured against; its price must be known"
    )
    aliases: dict[str, str | None] = Field(default={}, description="names a caller may ask for besides; `*` allowed")
    guards: list[GuardShape] = Field(default=[], description="hard rules")
    defaults: DefaultsShape | None = None
    routes: list[RouteShape] = Field(min_length=1, description="the first that applies is final")
    budgets: list[PolicyBudgetShape] = Field(default=[], description="what may be spent where, or by whom besides")
    waivers: list[WaiverShape] = Field(default=[], description="guards lifted for a team until a day")
    judge: ShareShape | None = Field(None, description="judges a sample of replies")
    probe: ProbeShape | None = Field(None, description="asks sensitive questions on a schedule")
    record_signals: SignalNames = Field(
        default=[], description="signals recorded besides, `coarse`, or `none`: nothing about the text"
    )
    catalog: str | Annotated[list[Text], Field(min_length=1)] | None = Field(
        None,
        description="instead of catalog/: a folder, or a list of folders and `shipped`, the catalogue of the package; "
        "later ones add rows, or override fields of rows with the same id",
    )
    allow_widening: Text | None = Field(None, description="version of the policy that this one may widen, once")


class ExpectShape(Shape):
    """What a case expects."""

    route: Text | None = Field(None, description="the route that applies")
    refused: bool | None = Field(None, description="whether nothing is left")
    only: Tests | None = Field(None, description="every surviving endpoint satisfies this")
    never: Tests | None = Field(None, description="no surviving endpoint may be what this removes")
    removed_by: dict[str, OneOrMore] | None = Field(None, description="endpoint: the guards that removed it")


class CaseShape(Shape):
    """Given these signals, expect this decision."""

    note: str = Field(description="the claim")
    given: Annotated[dict[str, Any], WithJsonSchema({"x-shape": "Given"})] = Field(description="signals, or `text`")
    expect: ExpectShape


class CasesFile(Shape):
    """A list of cases; the file holds nothing but this list."""

    cases: list[CaseShape] = Field(default=[])
