"""One import from bytes to files: read, draft, write, and check what was written with the compiler itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.errors import Problem, Problems
from gateway.importing.draft import Draft, Said, Wanted
from gateway.importing.findings import Finding, Findings, unaccounted
from gateway.importing.folder import files
from gateway.importing.litellm import read_litellm
from gateway.importing.litellm_shape import whole
from gateway.importing.openrouter import read_openrouter
from gateway.importing.portkey import read_portkey
from gateway.importing.report import markdown
from gateway.importing.shipped import Shipped
from gateway.importing.unknowns import keys_to_bring, tell_of_unknowns
from gateway.policy.analysis.check import review
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.capability import SPOKEN
from gateway.signals.measure import measure_prompt
from gateway.source.peer import Peer, read_peer

_MOST_CASES = 12
PeerName = Literal["litellm", "openrouter", "portkey"]
_NAMES: Mapping[PeerName, Literal["LiteLLM", "OpenRouter", "Portkey"]] = {
    "litellm": "LiteLLM",
    "openrouter": "OpenRouter",
    "portkey": "Portkey",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """The folder's files, empty if nothing could be imported; and all that is to be told."""

    files: Mapping[str, bytes]
    findings: Sequence[Finding]
    problems: Sequence[Problem]  # why the result does not compile; empty if it does
    report: str


def run(peer_name: PeerName, data: bytes, file: str, shipped: Shipped, said: Said) -> Imported:
    """Raises Problems for a file that cannot be read as what it should be."""
    peer = read_peer(data, file)
    if peer_name == "litellm":
        peer = whole(peer, said)
    findings = Findings(peer)
    draft = Draft(shipped, said, findings, _NAMES[peer_name])
    {"litellm": read_litellm, "openrouter": read_openrouter, "portkey": read_portkey}[peer_name](draft)
    if not draft.ways:
        raise Problems(_as_problems(findings, peer))
    _cut_ignored(draft)
    _cases(draft)
    tell_of_unknowns(draft)
    for path in unaccounted(findings):
        findings.tell("not_carried", path, "has no word here")
    made = files(draft)
    problems = _problems(made, said.today)
    report = markdown(draft.peer, file, findings.told, _heads(draft, problems))
    return Imported(made, tuple(findings.told), problems, report)


def _as_problems(findings: Findings, peer: Peer) -> list[Problem]:
    found = [
        Problem(f"`{f.where}`: {f.what}", f.place)
        for f in findings.told
        if f.section in ("error", "lost", "not_carried") and f.place
    ]
    return found or [Problem("nothing in this file could be imported", peer.place(()))]


def _cut_ignored(draft: Draft) -> None:
    """A guard may only name operators that the folder has; the others are told, to be added with their doors."""
    there = {id.partition("@")[2].partition("/")[0] for id in draft.ids().values()}
    kept = []
    for guard in draft.guards:
        named = guard.get("never", {}).get("operator")
        if named is not None:
            absent = [name for name in named if name not in there]
            if absent:
                words = (
                    f"{', '.join(absent)}: no door of theirs is in this folder, and a guard may name only "
                    "what is there: add them to it when they are"
                )
                draft.findings.say("not_carried", str(guard["name"]), words)
            guard = {**guard, "never": {"operator": [name for name in named if name in there]}}
            if len(absent) == len(named):
                continue
        kept.append(guard)
    draft.guards = kept


def _cases(draft: Draft) -> None:
    """Claims about names that the folder then holds itself to."""
    team = next(iter(draft.teams), "imported")
    ids = draft.ids()
    seen: set[str] = set()
    for case in draft.cases:
        case["given"] = {"team": team, **case["given"]}
    for _, name, way in draft.ways:
        if name in seen or len(seen) >= _MOST_CASES or draft.every_name or way.when or draft.tags:
            continue
        seen.add(name)
        handles = [handle for item in way.items for handle in item.handles]
        named = sorted({ids[handle] for handle in [*handles, *((way.canary[0],) if way.canary else ())]})
        expect = {"only": {"endpoint": named}}
        draft.cases.append(
            {"note": f"{name} goes where it went", "given": {"team": team, "model": name}, "expect": expect}
        )


def _problems(made: Mapping[str, bytes], today: str) -> tuple[Problem, ...]:
    """What `gateway check` would call errors."""
    try:
        compiled = compile_folder(made)
    except Problems as wrong:
        return tuple(wrong.problems)
    at = datetime.fromisoformat(f"{today}T12:00:00+00:00").timestamp()
    found = review(compiled, measure=measure_prompt, at=at, has_key=lambda endpoint: True)
    return tuple(problem for problem in found.problems if problem.severity == "error")


def _heads(draft: Draft, problems: Sequence[Problem]) -> list[str]:
    used = [draft.wanted[handle] for handle in draft.used()]
    silent = [wanted for wanted in used if wanted.row["api"] not in SPOKEN]
    names = len({name for _, name, _ in draft.ways})
    heads = [
        (
            f"{names} names, {len(used)} endpoints; `gateway check` "
            f"{'passes' if not problems else 'does not pass, see below'}"
        )
    ]
    if silent:
        wires = ", ".join(sorted({str(wanted.row["api"]) for wanted in silent}))
        heads.append(
            f"{len(silent)} of the endpoints speak a wire that this gateway does not speak yet "
            f"({wires}): they are passed over; `gateway explain` lists them under `unable`"
        )
    if bring := keys_to_bring([name for wanted in used for name in _variables(wanted)]):
        heads.append(f"keys to bring, as variables where the gateway runs: {bring}")
    if draft.peer == "OpenRouter":
        heads.append(
            "**this is no drop-in**: hosts are asked directly, each with an account and a key of its "
            "own; OpenRouter's cannot choose between them by our rules"
        )
    heads += [f"does not compile: {problem.message}" for problem in problems]
    return heads


def _variables(wanted: Wanted) -> list[str | None]:
    """Of its key, or of the parts of its login."""
    parts = (wanted.row.get("credentials") or {}).values()
    return [wanted.key_env, *(part.get("env") or part.get("file_env") for part in parts if isinstance(part, dict))]
