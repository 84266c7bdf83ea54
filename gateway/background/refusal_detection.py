"""Whether, and how, the text of a request's replies is judged: refusal or answer."""

from __future__ import annotations

from gateway.errors import GatewayError
from gateway.outcome import refusal
from gateway.outcome.outcome import Result
from gateway.outcome.request_state import RequestState
from gateway.outcome.result import Judge
from gateway.policy.compiled import Policy
from gateway.policy.rules import Route
from gateway.signals.inert import ROLES
from gateway.signals.invisible import visible
from gateway.signals.measure import load, request_text

_OTHERS = frozenset(ROLES) - {"user"}
TOLD_BY_TEXT = frozenset({"declined", "evaded"})


def judge_of(trail: RequestState) -> Judge | None:
    """None where nobody wants to know: no reroute on it, and nothing about the text is recorded."""
    if not trail.request.interface.writes or not _wanted(trail.decision.policy, trail):
        return None
    return _Judge(trail)


def load_models(policy: Policy) -> None:
    """Reads the models that this policy's requests will need, so that the first of them does not wait."""
    load(policy.needs | policy.late)
    if policy.record_signals or any(_asks(route) for route in policy.routes):
        refusal.load()


class _Judge:
    """Reads the prompt once, when the first reply is judged."""

    __slots__ = ("_prompt", "_trail")

    def __init__(self, trail: RequestState):
        self._trail = trail
        self._prompt: str | None = None

    def __call__(self, text: str, *, final: bool) -> Result:
        """answered, declined, evaded or blank."""
        if self._prompt is None:
            self._prompt = last_prompt(self._trail)
        detector = refusal.Detector(self._prompt)
        detector.feed(text)
        return detector.verdict(final=final)


def last_prompt(trail: RequestState) -> str:
    """The last thing the user said; empty if that cannot be read."""
    talk = trail.request.talk
    if talk is not None:
        turns = (message.content for message in reversed(talk) if message.role not in _OTHERS)
        return visible(next(turns, ""))[0]
    try:
        passages = request_text(trail.request).passages
    except GatewayError:
        return ""
    said = [passage.text for passage in passages if passage.role == "user"]
    return said[-1] if said else ""


def _wanted(policy: Policy, trail: RequestState) -> bool:
    return bool(policy.record_signals) or _asks(trail.decision.route)


def _asks(route: Route) -> bool:
    """True if the route goes round what the text tells, or stops a canary by it."""
    stops = route.canary is not None and any(name == "refusal_rate" for name, _ in route.canary.stop_above)
    return stops or bool(route.on_refusal and route.on_refusal.reroute & TOLD_BY_TEXT)
