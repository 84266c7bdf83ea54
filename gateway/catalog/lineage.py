"""What weights descend from: ancestors, their countries and their labs' lists; what is undisclosed stays unknown."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.catalog.facts import UNKNOWN_MEMBERS, Lab, Members


@dataclass(frozen=True, slots=True)
class Descent:
    """What follows from the bases of one model."""

    ancestors: tuple[str, ...]  # nearest first
    countries: Members
    lists: Members


def descend(model: str, labs: Mapping[str, Lab], bases: Mapping[str, Sequence[str] | None]) -> Descent:
    """`labs` and `bases` by model id; the graph holds no cycle."""
    ancestors, disclosed = _ancestors(model, bases)
    line = [labs[name] for name in (model, *ancestors)]
    return Descent(ancestors, _union(line, _home, disclosed), _union(line, _listed, disclosed))


def cycle(bases: Mapping[str, Sequence[str] | None]) -> tuple[str, ...] | None:
    """The models of one cycle, each after what it was made from, if there is any."""
    try:
        graphlib.TopologicalSorter({model: known or () for model, known in bases.items()}).prepare()
    except graphlib.CycleError as wrong:
        loop: list[str] = wrong.args[1][:-1]
        first = loop.index(min(loop))
        return (*loop[first:], *loop[:first], loop[first])
    return None


def _ancestors(model: str, bases: Mapping[str, Sequence[str] | None]) -> tuple[tuple[str, ...], bool]:
    seen: list[str] = []
    disclosed = True
    waiting = [model]
    while waiting:
        known = bases.get(waiting.pop(0))
        disclosed = disclosed and known is not None
        for base in known or ():
            if base not in seen:
                seen.append(base)
                waiting.append(base)
    return tuple(seen), disclosed


def _union(line: Sequence[Lab], part: Callable[[Lab], Members], disclosed: bool) -> Members:
    union = Members(frozenset(), disclosed)
    for lab in line:
        union = union | part(lab)
    return union


def _home(lab: Lab) -> Members:
    return UNKNOWN_MEMBERS if lab.country is None else Members(frozenset({lab.country}))


def _listed(lab: Lab) -> Members:
    return lab.lists
