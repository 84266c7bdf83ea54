"""A decision in words: who removed what, who cannot serve, which sentence the caller gets."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from gateway.catalog.facts import Endpoint
from gateway.errors import GatewayError
from gateway.interfaces import one_model
from gateway.policy.capability import SPOKEN, UNBOUNDED, serves
from gateway.policy.decide import waived as lifted_guards
from gateway.policy.decision import Decision
from gateway.policy.explain import bounds, caching
from gateway.policy.explain.body_changes import changes
from gateway.policy.freeze import freeze_name, removed_by_freeze
from gateway.policy.models import not_found, passes_on
from gateway.policy.ranking import ANSWER_TOKENS, PRICED, expected_costs
from gateway.policy.rules import Clause
from gateway.policy.select.candidates import candidates
from gateway.policy.select.shares import ORDER, shares
from gateway.policy.sent_needs import needs_sent
from gateway.signals.value import UNKNOWN, Value

_SHOWN = 6  # endpoints named in one sentence
_ORDER_SAID = {"price": f"price (of an answer of {ANSWER_TOKENS:.0f} tokens)"}  # the others say what they are


def removers(decision: Decision) -> list[tuple[str, int]]:
    """Name and mask of every guard that applied and of every freeze."""
    guards = [
        (decision.policy.guards[index].name, decision.policy.guards[index].removes) for index in decision.removed_by
    ]
    freezes = [
        (freeze_name(selector, value), removed_by_freeze(decision.policy, selector, value))
        for selector, value in decision.view.frozen
    ]
    return guards + freezes


def removed(decision: Decision) -> dict[str, list[str]]:
    """By endpoint id, proposed or not: every guard and freeze that removed it."""
    names: dict[str, list[str]] = {}
    for name, bits in removers(decision):
        for endpoint in _in(decision, bits):
            names.setdefault(endpoint.id, []).append(name)
    return names


def waived(decision: Decision) -> list[str]:
    """One sentence for each waiver that lifted a guard of this request."""
    lifted = set(lifted_guards(decision.policy, decision.signals, decision.view.at))
    team = decision.signals.get("team")
    return [
        f"guard `{each.guard}` is waived for team `{each.team}` until the end of {each.until} "
        f"(approved by {each.approved_by}: {each.reason})"
        for each in decision.policy.waivers
        if each.guard_index in lifted and each.team == team
    ]


def unable(decision: Decision) -> dict[str, str]:
    """By endpoint id: why it cannot serve the request."""
    return {endpoint.id: _lacks(decision, endpoint) for endpoint in _in(decision, decision.incapable)}


def _lacks(decision: Decision, endpoint: Endpoint) -> str:
    kind = decision.signals.get("kind", UNKNOWN)
    needs = _needs(decision, endpoint)
    tokens = decision.signals.get("tokens", UNKNOWN)
    lacking = []
    if not endpoint.enabled:
        return "is not enabled: a row of your own catalogue with `enabled: true` does that"
    if endpoint.api not in SPOKEN:
        return f"speaks `{endpoint.api}`, which this gateway does not yet"
    if not serves(endpoint, str(kind)):
        lacking.append(f"does not serve {kind}")
    missing = (
        sorted(needs - endpoint.can) if isinstance(needs, frozenset) else ["what the request needs, which is unknown"]
    )
    if missing:
        lacking.append(f"lacks {', '.join(missing)}")
    length = endpoint.model.context_tokens
    if not isinstance(tokens, int | float):
        lacking.append("may be too short for a prompt of unknown length")
    elif tokens > length and kind not in UNBOUNDED:
        lacking.append(f"holds {length:,} tokens, not {tokens:,}" if length else "has a context of unknown length")
    return " and ".join(lacking)


def _needs(decision: Decision, endpoint: Endpoint) -> Value:
    """Of the body that it would be sent."""
    needs = decision.signals.get("needs", UNKNOWN)
    if not isinstance(needs, frozenset):
        return needs
    return needs_sent(needs, decision.route.parameters, endpoint.parameters)


def denied_by(decision: Decision) -> str | None:
    """The one guard whose lifting alone leaves an endpoint, else `several`; None if no guard is to blame."""
    if decision.endpoints:
        return None
    able = decision.proposed & ~decision.incapable
    if not able:
        return None
    masks = removers(decision)
    alone = []
    for place, (name, _) in enumerate(masks):
        others = 0
        for other, (_, bits) in enumerate(masks):
            others |= bits if other != place else 0
        if able & ~others:
            alone.append(name)
    return alone[0] if len(alone) == 1 else "several"


def denial(decision: Decision) -> GatewayError:
    """What the caller of a denied request sees."""
    able = decision.proposed & ~decision.incapable
    if not decision.proposed and passes_on(decision.policy, name := str(decision.signals.get("model"))):
        return not_found(decision.policy, name)
    if not decision.proposed:
        return GatewayError("no_permitted_endpoint", _nothing_proposed(decision))
    if not able:
        return _incapable(decision)
    if able & ~decision.guarded:
        return GatewayError("frozen", _frozen(decision, able & ~decision.guarded))
    guards = [decision.policy.guards[index] for index in decision.removed_by]
    reasons = [
        f"guard `{guard.name}` removed {_listed(_in(decision, guard.removes & able))}"
        + (f" ({guard.why})" if guard.why else "")
        for guard in guards
        if guard.removes & able
    ]
    return GatewayError("no_permitted_endpoint", "no endpoint may serve this request: " + "; ".join(reasons))


def _frozen(decision: Decision, left: int) -> str:
    """`left`: mask of the endpoints that no guard removed."""
    reasons = [
        f"`{freeze_name(selector, value)}` stops {_listed(_in(decision, bits))}"
        for selector, value in decision.view.frozen
        if (bits := removed_by_freeze(decision.policy, selector, value) & left)
    ]
    return "an administrator has stopped every endpoint that may serve this request: " + "; ".join(reasons)


def _nothing_proposed(decision: Decision) -> str:
    kind = " of one embedding model" if one_model(decision.signals.get("kind")) else ""
    return f"route `{decision.route.name}` names no endpoint{kind} for this request"


def _incapable(decision: Decision) -> GatewayError:
    candidates = _in(decision, decision.proposed)
    capable = [e for e in candidates if _can_but_for_length(decision, e)]
    if capable:
        longest = max(e.model.context_tokens for e in capable)
        tokens = decision.signals.get("tokens")
        words = f"the prompt has about {tokens:,} tokens; the longest context here is {longest:,}"
        return GatewayError("context_length_exceeded", words, param="messages")
    reasons = [f"{endpoint.id} {_lacks(decision, endpoint)}" for endpoint in candidates[:_SHOWN]]
    return GatewayError("unsupported_request", "no endpoint can serve this request: " + "; ".join(reasons))


def lacked(decision: Decision) -> frozenset[str]:
    """What the request needs, and an endpoint that the route proposed has not."""
    found = [(_needs(decision, endpoint), endpoint) for endpoint in _in(decision, decision.proposed)]
    return frozenset().union(*(needs - endpoint.can for needs, endpoint in found if isinstance(needs, frozenset)))


def _can_but_for_length(decision: Decision, endpoint: Endpoint) -> bool:
    needs, tokens = _needs(decision, endpoint), decision.signals.get("tokens")
    known = isinstance(needs, frozenset) and isinstance(tokens, int | float)
    return known and needs <= endpoint.can and serves(endpoint, str(decision.signals.get("kind")))  # type: ignore[operator]


def sentences(decision: Decision) -> list[str]:
    """One sentence a step: guards, freezes, capabilities, the route, the order."""
    policy = decision.policy
    told = [f"{words}: that guard did not count" for words in waived(decision)]
    for index in decision.removed_by:
        guard = policy.guards[index]
        gone = _listed(_in(decision, guard.removes)) if guard.removes else "nothing in this catalogue"
        told.append(f"guard `{guard.name}` applies ({_because(decision, guard.when)}) and removed {gone}")
    for selector, value in decision.view.frozen:
        gone = _listed(_in(decision, removed_by_freeze(policy, selector, value))) or "nothing"
        told.append(f"`{freeze_name(selector, value)}` removed {gone}")
    told += _incapables(decision)
    route = decision.route
    told.append(f"route `{route.name}` applies ({_because(decision, route.when)}) and is final")
    told += _proposals(decision)
    told += changes(decision)
    again = route.limits.retry_same
    if decision.endpoints and again:
        told.append(f"an endpoint that breaks a connection or says 5xx is asked {again} more before the next one")
    return [*told, *bounds.sentences(decision), *caching.sentences(decision)]


def _incapables(decision: Decision) -> list[str]:
    """One sentence a reason."""
    by_reason: dict[str, list[Endpoint]] = {}
    for endpoint in _in(decision, decision.incapable):
        by_reason.setdefault(_lacks(decision, endpoint), []).append(endpoint)
    return [f"{reason}: {_listed(endpoints)}" for reason, endpoints in by_reason.items()]


def _proposals(decision: Decision) -> list[str]:
    told = []
    earlier = 0
    for item in candidates(decision.policy, decision.route, decision.signals, decision.view.at):
        left = [e for e in decision.endpoints if item.mask >> e.index & 1 and not earlier >> e.index & 1]
        earlier |= item.mask
        gone = len([1 for bit, _ in item.pairs if not bit & decision.permitted])
        lost = f"; {gone} of its {len(item.pairs)} cannot be used" if gone else ""
        shown = f"{_priced(decision, left)}, ordered by {_order(decision, left)}" if left else "nothing that is left"
        told.append(f"{item.text} proposes {shown}{lost}")
    if decision.canary is not None:
        told.append(f"{decision.canary.id} goes first: the canary's draw fell on this conversation")
    elif decision.endpoints and decision.endpoints[0].id == decision.view.conversation:
        told.append(f"{decision.endpoints[0].id} goes first: it served this conversation")
    return told


def _order(decision: Decision, endpoints: list[Endpoint]) -> str:
    """What sorts them, in words."""
    route = decision.route
    if route.order != ORDER:
        return _ORDER_SAID.get(route.order, route.order)
    parts = zip(endpoints, shares(route, endpoints), strict=True)
    return f"a draw of each conversation ({bounds.listed([f'{each.id} {100 * share:.3g} %' for each, share in parts])})"


def _priced(decision: Decision, endpoints: list[Endpoint]) -> str:
    order = decision.route.order if decision.route.order in PRICED else "price"
    costs = expected_costs(decision.policy.rankings, order, endpoints, decision.signals, decision.view)
    shown = [
        f"{endpoint.id} ({'price unknown' if cost == inf else f'about ${cost:.6f}'})"
        for endpoint, cost in zip(endpoints, costs, strict=True)
    ]
    return bounds.listed(shown)


def _because(decision: Decision, clauses: Iterable[Clause]) -> str:
    said = [f"{clause.signal} is {shown(decision.signals.get(clause.signal, UNKNOWN))}" for clause in clauses]
    return ", ".join(said) or "it always does"


def shown(value: Value) -> str:
    """A signal's value as the policy language writes it."""
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "empty"
    if value is UNKNOWN:
        return "unknown"
    if isinstance(value, bool):
        return str(value).lower()
    return "absent" if value is None else str(value)


def _in(decision: Decision, bits: int) -> list[Endpoint]:
    return [endpoint for endpoint in decision.policy.endpoints if bits >> endpoint.index & 1]


def _listed(endpoints: list[Endpoint]) -> str:
    return bounds.listed([endpoint.id for endpoint in endpoints])
