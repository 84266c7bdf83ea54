"""A waiver lifts one guard for one team until a day, and changes nothing else: no other team, no other guard."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identity import DATA_CLASSES
from gateway.policy.authoring.cases import signals_of
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.signals.value import UNKNOWN, Value
from tests.unit.policy.small import REST, SETS, compiled

DAY = date(2026, 9, 21)
MIDNIGHT = datetime(2026, 9, 22, tzinfo=UTC).timestamp()
GUARDS = {
    "ours": "when: {data_class: {at_least: internal}}, never: {exposure: china}",
    "listed": "when: {pii: [email, phone]}, never: {lists: us_lists}",
    "bound": "when: {topic: prc_political}, never: {lineage: china}",
    "always": "never: {hosting: self}",
}


def folder(*, without: str = "", waivers: str = "") -> Compiled:
    lines = "".join(f"  - {{name: {name}, {rule}}}\n" for name, rule in GUARDS.items() if name != without)
    text = b"version: 1\n" + SETS + f"guards:\n{lines}".encode() + waivers.encode() + REST
    return compiled(policy=text)


PLAIN = folder()
TEAMS = sorted(PLAIN.keyring.teams)
LESS = {name: folder(without=name) for name in GUARDS}
WAIVED = {
    (guard, team): folder(
        waivers=f"waivers: [{{guard: {guard}, team: {team}, until: {DAY}, approved_by: ana, reason: a trial}}]\n"
    )
    for guard in GUARDS
    for team in TEAMS
}
SIGNALS = st.fixed_dictionaries(
    {
        "data_class": st.sampled_from(DATA_CLASSES),
        "pii": st.sampled_from([frozenset(), frozenset({"email"}), UNKNOWN]),
        "topic": st.sampled_from([frozenset(), frozenset({"prc_political"}), UNKNOWN]),
    }
)


def left(folder: Compiled, team: str | None, at: float, given_signals: dict[str, Value]) -> set[str]:
    signals = signals_of(folder.keyring.teams[team or TEAMS[0]], given_signals, folder.policy)
    if team is None:
        signals = {**signals, "team": UNKNOWN}
    return {endpoint.id for endpoint in decide(folder.policy, signals, View(at=at)).endpoints}


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(GUARDS)),
    st.sampled_from(TEAMS),
    st.sampled_from([*TEAMS, None]),
    st.integers(-3 * 86400, 3 * 86400),
    SIGNALS,
)
def test_it_lifts_its_guard_for_its_team_until_its_end_and_changes_nothing_else(guard, team, asking, seconds, signals):
    at = MIDNIGHT + seconds
    now = left(WAIVED[guard, team], asking, at, signals)

    holds = asking == team and at < MIDNIGHT
    assert now == left(LESS[guard] if holds else PLAIN, asking, at, signals)


@given(st.dates(date(1970, 1, 1), date.max), st.floats(0, 1, exclude_max=True))
def test_a_waiver_holds_through_its_last_day_and_no_moment_longer(day, part):
    waiver = WAIVED["ours", TEAMS[0]].policy.waivers[0]
    moved = type(waiver)(waiver.guard, 0, waiver.team, day, "ana", "a trial", waiver.place)
    midnight = (day - date(1970, 1, 1)) / timedelta(days=1) * 86400 + 86400

    assert moved.ends == midnight
    assert (moved.days_left(midnight - 86400 * part - 1e-3) >= 1, moved.days_left(midnight)) == (True, 0)
