"""Everything `gateway check` says about a folder that compiles: notes, lint, cases."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from gateway.catalog.facts import Endpoint
from gateway.catalog.wires import WIRES
from gateway.errors import Place, Problem, in_file_order
from gateway.policy.analysis.lint import first_of, lint
from gateway.policy.authoring.cases import Measure, run_case
from gateway.policy.compiled import Compiled, Policy

WAIVER_WEEK = 7  # days before its end from which a waiver is warned of
_SHOWN = 6  # variables that are named


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be said, and how the cases went."""

    problems: tuple[Problem, ...]
    passed: int
    failed: int


def review(
    compiled: Compiled,
    *,
    measure: Measure,
    at: float,
    has_key: Callable[[Endpoint], bool],
    no_adapter: str | None = None,
    known: Container[str] = frozenset(),
    lacks_way: Callable[[Endpoint], bool] = lambda endpoint: False,
) -> Review:
    """`has_key` tells whether the environment holds the key that an endpoint needs.

    `no_adapter` says why endpoints cannot be asked whose wire the adapter speaks; None if they can.
    `lacks_way` tells whether an endpoint's proxy, or files of certificates, cannot be used here.
    `known` are the endpoints of which enough replies are recorded.
    """
    failures = [
        run_case(case, compiled.policy, compiled.keyring.teams, measure=measure, at=at) for case in compiled.cases
    ]
    failed = sum(bool(problems) for problems in failures)
    said = [*compiled.problems, *lint(compiled, known), *_without_key(compiled.policy, has_key)]
    said += _without_adapter(compiled.policy, has_key, no_adapter)
    said += _without_way(compiled.policy, lacks_way)
    said += [*_not_enabled(compiled.policy), *_waivers(compiled.policy, at)]
    said += [problem for problems in failures for problem in problems]
    return Review(in_file_order(said), len(failures) - failed, failed)


def _without_key(policy: Policy, has_key: Callable[[Endpoint], bool]) -> list[Problem]:
    without = [e for e in policy.endpoints if e.enabled and e.login and not has_key(e)]
    if not without:
        return []
    named = first_of(sorted({where for endpoint in without for where in _sources(endpoint)}), _SHOWN)
    words = f"{len(without)} endpoints will be passed over, because these variables are not set: {named}"
    way_out = "a decision ignores keys, dispatch does not; `gateway catalog show --endpoint E` names E's variable"
    return [_note(words, None, way_out)]


def _without_way(policy: Policy, lacks_way: Callable[[Endpoint], bool]) -> list[Problem]:
    without = [endpoint.id for endpoint in policy.endpoints if endpoint.enabled and lacks_way(endpoint)]
    if not without:
        return []
    words = f"{len(without)} endpoints will be passed over: their proxy or certificates cannot be used here"
    return [
        _note(f"{words}: {first_of(without, _SHOWN)}", None, "see `proxy`, `ca_file`, `client_cert`; set HTTPS_PROXY")
    ]


def _waivers(policy: Policy, at: float) -> list[Problem]:
    """Those that have ended are mistakes; those that end within a week are warned of."""
    found = []
    for waiver in policy.waivers:
        left = waiver.days_left(at)
        lifted = f"the waiver of guard `{waiver.guard}` for team `{waiver.team}`"
        if not left:
            words, help_ = f"{lifted} has ended: the guard holds again", "take it out, or have it approved anew"
            found.append(Problem(words, waiver.place, help_))
        elif left <= WAIVER_WEEK:
            words = f"{lifted} ends in {left} {'day' if left == 1 else 'days'}, by itself"
            found.append(Problem(words, waiver.place, "see that the team can do without it", "warning"))
    return found


def _not_enabled(policy: Policy) -> list[Problem]:
    asleep = [endpoint.id for endpoint in policy.endpoints if not endpoint.enabled]
    if not asleep:
        return []
    words = f"{len(asleep)} endpoints take no part, because they are not enabled: {first_of(asleep, _SHOWN)}"
    way_out = "a row in your own catalogue enables one: `{id: …, enabled: true, base_url: …}`, see docs/own-vendor.md"
    return [_note(words, None, way_out)]


def _sources(endpoint: Endpoint) -> set[str]:
    """Variables and files that must be there; those beside them are missed by nobody."""
    if not endpoint.adapted:
        return {str(key) for key in endpoint.keys}
    needed = frozenset().union(*WIRES[endpoint.api].logins)
    return {str(part) for part in endpoint.credentials if part.part in needed and part.value is None}


def _without_adapter(policy: Policy, has_key: Callable[[Endpoint], bool], no_adapter: str | None) -> list[Problem]:
    waiting = [e.id for e in policy.endpoints if e.enabled and e.adapted and has_key(e)]
    if no_adapter is None or not waiting:
        return []
    words = f"{len(waiting)} endpoints cannot be asked: {first_of(sorted(waiting), _SHOWN)}"
    return [Problem(words, None, no_adapter, "warning")]


def _note(message: str, place: Place | None, help: str | None = None) -> Problem:
    return Problem(message, place, help, "note")
