"""Waivers as written, with every name resolved: one that lifts what nobody knows, or for nobody, is a mistake."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import nearest
from gateway.policy.authoring.conditions import Scope
from gateway.policy.authoring.shapes import WaiverShape
from gateway.policy.rules import Guard, Waiver


def compile_waivers(
    shapes: Sequence[WaiverShape], guards: Sequence[Guard], teams: Sequence[str], scope: Scope
) -> tuple[Waiver, ...]:
    """In the order of the file; those with a mistake are left out."""
    places = {guard.name: index for index, guard in enumerate(guards)}
    found: dict[tuple[str, str], Waiver] = {}
    for shape in shapes:
        if shape.guard not in places:
            help_ = nearest(shape.guard, places)
            scope.error(f"no guard is called `{shape.guard}`", (*shape.at, "guard"), help=help_)
        elif shape.team not in teams:
            scope.error(f"no team is called `{shape.team}`", (*shape.at, "team"), help=nearest(shape.team, teams))
        elif (shape.guard, shape.team) in found:
            words = f"guard `{shape.guard}` is waived for team `{shape.team}` twice"
            scope.error(words, (*shape.at, "team"), help="keep one, with the later day if that is meant")
        else:
            place = scope.document.place((*shape.at, "until"))
            found[shape.guard, shape.team] = Waiver(
                shape.guard, places[shape.guard], shape.team, shape.until, shape.approved_by, shape.reason, place
            )
    return tuple(found.values())
