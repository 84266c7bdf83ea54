"""What a ledger row teaches: one Observation an attempt, and how two models' answers to the same requests compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.catalog.facts import Catalog, Endpoint
from gateway.estimates import Estimates, Observation
from gateway.estimates.fold import Arm, Feedback, Pair
from gateway.estimates.priors import expected_tokens
from gateway.outcome.row import REFUSALS, SERVING, UNJUDGED, Row, Tried
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy

_LEARNED = SERVING | {"shadow"}
_NO_REPLY = UNJUDGED - {"failed"}


def learn(estimates: Estimates, row: Row, terms: Terms, catalog: Catalog) -> None:
    """Adds everything that one row teaches. An endpoint that the catalogue does not hold teaches nothing."""
    for seen in observations(row, terms, catalog):
        estimates.add(seen)
    for pair in pairs(row, catalog):
        estimates.add_pair(pair)
    for failed, refused in tries_of_canary(row, terms):
        estimates.add_trial(row.route or "", row.trial[0] if row.trial else "", failed=failed, refused=refused)
    arm = arm_of(row, catalog)
    if arm is not None:
        estimates.add_arm(arm)


def learned(rows: Iterable[Row], policy: Policy) -> Estimates:
    """From all these rows."""
    estimates, terms = Estimates(), Terms(policy)
    for row in rows:
        learn(estimates, row, terms, policy.catalog)
    return estimates


def observations(row: Row, terms: Terms, catalog: Catalog) -> Iterator[Observation]:
    """One an attempt; an attempt that the caller left says nothing."""
    for attempt in row.attempts:
        endpoint = catalog.endpoints.get(attempt.endpoint)
        if endpoint is None or attempt.purpose not in _LEARNED or attempt.outcome in _NO_REPLY:
            continue
        replied = attempt.outcome != "failed"
        yield Observation(
            at=row.received_at,
            key=row.key,
            model=endpoint.model.id,
            endpoint=endpoint.id,
            effort=row.effort,
            topic=row.topic,
            language=row.language,
            expected_tokens=expected_tokens(endpoint.model, row.effort),
            answered=terms.attempt_answered(row, attempt) if replied else None,
            output_tokens=attempt.usage.output_tokens if replied and attempt.usage else None,
            first_byte_s=attempt.first_byte_s if replied else None,
            total_s=attempt.total_s,
        )


def feedback_of(row: Row, at: float, answered: bool) -> Feedback | None:
    """What a caller says of the reply it got; None if it got none."""
    served = row.last
    if served is None or row.team is None:
        return None
    return Feedback(at, row.key, row.team, served.endpoint, row.topic, row.language, answered)


def pairs(row: Row, catalog: Catalog) -> Iterator[Pair]:
    """The answer that was served beside the answer of each shadow; a shadow has a row of its own, or stands beside."""
    shadows = [attempt for attempt in row.attempts if attempt.purpose == "shadow"]
    served = (row.shadowed or row.last) if shadows else None
    for attempt in shadows:
        if served is None or served.usage is None or attempt.usage is None:
            continue
        if (
            attempt.outcome == served.outcome == "answered"
            and attempt.tokens.output_tokens
            and served.usage.output_tokens
        ):
            one, other = catalog.endpoints.get(served.endpoint), catalog.endpoints.get(attempt.endpoint)
            if one is not None and other is not None and one.model is not other.model:
                yield _pair(row, (one, served), (other, attempt))


def _pair(row: Row, one: tuple[Endpoint, Tried], other: tuple[Endpoint, Tried]) -> Pair:
    (first, first_try), (second, second_try) = sorted((one, other), key=lambda side: side[0].model.id)
    return Pair(
        at=row.received_at,
        key=row.key,
        models=(first.model.id, second.model.id),
        input_tokens=(first_try.tokens.input_tokens, second_try.tokens.input_tokens),
        output_tokens=(first_try.tokens.output_tokens, second_try.tokens.output_tokens),
    )


def tries_of_canary(row: Row, terms: Terms) -> Iterator[tuple[bool, bool]]:
    """Of each attempt of the row's canary: whether it failed, and whether it refused."""
    for attempt in row.attempts if row.trial else ():
        if attempt.purpose == "canary" and attempt.outcome not in _NO_REPLY:
            refused = attempt.outcome in REFUSALS and not terms.attempt_answered(row, attempt)
            yield attempt.outcome == "failed", refused


def arm_of(row: Row, catalog: Catalog) -> Arm | None:
    """An answer of a canary or of what it is compared with; the draw decides which, so the two may be compared."""
    attempt = row.last
    endpoint = catalog.endpoints.get(attempt.endpoint) if attempt else None
    if attempt is None or endpoint is None or attempt.usage is None or attempt.outcome != "answered":
        return None
    if not _as_drawn(row, attempt):
        return None
    return Arm(
        at=row.received_at,
        key=row.key,
        model=endpoint.model.id,
        canary=attempt.purpose == "canary",
        stratum=(row.route or "", row.topic),
        output_tokens=attempt.usage.output_tokens,
    )


def _as_drawn(row: Row, attempt: Tried) -> bool:
    """False where more than the draw decided: the canary was not permitted, or another answered in its place."""
    if row.view is None:
        return True  # of another maker, which says no more than the purpose
    return row.trial is not None and row.trial[1] == (attempt.purpose == "canary")
