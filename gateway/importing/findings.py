"""What an import has to say, in the order in which it matters, and which parts of the input were accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from gateway.errors import Place
from gateway.importing.keys import masked
from gateway.source.peer import Path, Peer

Section = Literal[
    "error", "lost", "held_nothing", "unreachable", "assumed", "unknown", "not_carried", "no_effect", "keys"
]
SECTIONS: dict[Section, str] = {
    "error": "Must be put right: left out until then",
    "lost": "Protections lost, widened or turned stricter",
    "held_nothing": "Protections that were none",
    "unreachable": "Reaches nothing until you say",
    "assumed": "Assumed: say so if it is wrong",
    "unknown": "Facts that stay unknown, by endpoint",
    "not_carried": "Not carried",
    "no_effect": "Did nothing there either",
    "keys": "Keys to bring",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be told. Its words hold names and numbers, never a value that may be a key."""

    section: Section
    where: str  # the option, as a path
    what: str  # what it was, what that means now, and the way out
    place: Place | None = None


@dataclass(slots=True)
class Findings:
    """Collected while a file is read. `done` are the paths that were carried or told: what lies below one is too."""

    peer: Peer
    told: list[Finding] = field(default_factory=list)
    done: set[Path] = field(default_factory=set)

    def tell(self, section: Section, path: Sequence[str | int], what: str) -> None:
        """A finding about the part of the file at `path`."""
        steps = tuple(path)
        self.done.add(steps)
        found = Finding(section, masked(written(steps)), masked(what), self.peer.place(steps))
        if found not in self.told:
            self.told.append(found)

    def say(self, section: Section, where: str, what: str) -> None:
        """A finding about what was made, such as an endpoint."""
        found = Finding(section, masked(where), masked(what))
        if found not in self.told:
            self.told.append(found)

    def carried(self, *paths: Sequence[str | int]) -> None:
        """These parts are in the policy folder."""
        self.done.update(tuple(path) for path in paths)

    def has(self, section: Section) -> bool:
        """True if anything was told in it."""
        return any(finding.section == section for finding in self.told)


def written(path: Sequence[str | int]) -> str:
    """`model_list[2].litellm_params.rpm`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "the file"


def unaccounted(findings: Findings) -> list[Path]:
    """Parts of the file that nobody carried or told, the largest that are so. Empty after a whole import."""
    found: list[Path] = []
    above = {path[:depth] for path in findings.done for depth in range(len(path))}
    _look(findings.peer.data, (), findings.done, above, found)
    return found


def _look(data: object, path: Path, done: set[Path], above: set[Path], found: list[Path]) -> None:
    if path in done:
        return
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    parts = [((*path, key), value) for key, value in inner]
    if path in above or not path:
        for part, value in parts:
            _look(value, part, done, above, found)
    elif data not in (None, [], {}):
        found.append(path)
