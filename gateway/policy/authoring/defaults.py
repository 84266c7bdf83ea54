"""What holds where neither the file nor the route says otherwise; every field falls through by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from gateway.policy.authoring.conditions import Path, Scope, Vocabulary, read_term
from gateway.policy.authoring.shapes import LimitsShape, OnRefusalShape
from gateway.policy.rules import Limits, OnRefusal, Order

ORDER: Order = "cost_per_answer"
FIRST_BYTE_S = Decimal(30)
WHOLE_S = Decimal(180)
IDLE_S = Decimal(60)
TOTAL_S = Decimal(300)
ATTEMPTS = 3
RETRY_SAME = 0
REROUTE = ("filtered", "blank", "declined", "evaded")
EXCEPT = frozenset({"malicious", "self_harm"})
PREFER = "same_weights_elsewhere"
HOLD_CHARS = 160
HOLD_SECONDS = Decimal("1.5")
THINKING_S = Decimal(20)
HOPS = 2


@dataclass(frozen=True, slots=True)
class Preferences:
    """One layer: a route's own, or the file's `defaults`."""

    order: Order | None
    affinity: Any
    limits: LimitsShape | None
    on_refusal: OnRefusalShape | None
    path: Path  # of on_refusal


def limits(layers: Sequence[Preferences]) -> Limits:
    """The first layer that says something wins, field by field."""
    shapes = [layer.limits for layer in layers if layer.limits]
    return Limits(
        first_byte_s=float(_first(shapes, "first_byte_s", FIRST_BYTE_S)),
        whole_s=float(_first(shapes, "whole_s", WHOLE_S)),
        idle_s=float(_first(shapes, "idle_s", IDLE_S)),
        total_s=float(_first(shapes, "total_s", TOTAL_S)),
        attempts=_first(shapes, "attempts", ATTEMPTS),
        usd=_first(shapes, "usd", None),
        retry_same=_first(shapes, "retry_same", RETRY_SAME),
    )


def on_refusal(layers: Sequence[Preferences], topics: Vocabulary, scope: Scope) -> OnRefusal:
    """The first layer that says something wins, field by field."""
    shapes = [layer.on_refusal for layer in layers if layer.on_refusal]
    holds = [shape.hold for shape in shapes if shape.hold]
    return OnRefusal(
        reroute=frozenset(_first(shapes, "reroute", REROUTE)),
        except_topics=_except(layers, topics, scope),
        prefer=_first(shapes, "prefer", PREFER),
        hold_chars=_first(holds, "chars", HOLD_CHARS),
        hold_seconds=float(_first(holds, "seconds", HOLD_SECONDS)),
        thinking_s=float(_first(holds, "thinking_s", THINKING_S)),
        hops=_first(shapes, "hops", HOPS),
    )


def _first(shapes: Sequence[object], field: str, default: Any) -> Any:
    return next((value for shape in shapes if (value := getattr(shape, field)) is not None), default)


def _except(layers: Sequence[Preferences], topics: Vocabulary, scope: Scope) -> frozenset[str]:
    for layer in layers:
        if layer.on_refusal and layer.on_refusal.except_:
            term = read_term(layer.on_refusal.except_.topic, topics, scope, (*layer.path, "except", "topic"))
            return cast(frozenset[str], term.values) if term and not term.negated else frozenset()
    return EXCEPT
