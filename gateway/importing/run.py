"""One import from bytes to files: read, draft, write, and check what was written with the compiler itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.errors import Problem, Problems
from gateway.importing.draft import Draft, Said
from gateway.importing.findings import Finding, Findings, unaccounted
from gateway.importing.folder import files
from gateway.importing.litellm import read_litellm
from gateway.importing.litellm_shape import whole
from gateway.importing.openrouter import read_openrouter
from gateway.importing.peer import Peer, read_peer
from gateway.importing.portkey import read_portkey
from gateway.importing.report import markdown
from gateway.importing.shipped import Shipped
from gateway.importing.unknowns import keys_to_bring, tell_of_unknowns
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.capability import SPOKEN

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
    tell_of_unknowns(draft)
    for path in unaccounted(findings):
        findings.tell("not_carried", path, "has no word here")
    made = files(draft)
    problems = _problems(made)
    report = markdown(draft.peer, file, findings.told, _heads(draft, problems))
    return Imported(made, tuple(findings.told), problems, report)


def _as_problems(findings: Findings, peer: Peer) -> list[Problem]:
    found = [Problem(f"`{f.where}`: {f.what}", f.place) for f in findings.told if f.section in ("error", "lost", "not_carried") and f.place]
    return found or [Problem("nothing in this file could be imported", peer.place(()))]


def _problems(made: Mapping[str, bytes]) -> tuple[Problem, ...]:
    try:
        compile_folder(made)
    except Problems as wrong:
        return tuple(wrong.problems)
    return ()


def _heads(draft: Draft, problems: Sequence[Problem]) -> list[str]:
    used = [draft.wanted[handle] for handle in draft.used()]
    silent = [wanted for wanted in used if wanted.row["api"] not in SPOKEN]
    names = len({name for _, name, _ in draft.ways})
    heads = [f"{names} names, {len(used)} endpoints; `gateway check` {'passes' if not problems else 'does not pass, see below'}"]
    if silent:
        wires = ", ".join(sorted({str(wanted.row["api"]) for wanted in silent}))
        heads.append(f"{len(silent)} of the endpoints speak a wire that this gateway does not speak yet ({wires}): they are passed over; `gateway explain` lists them under `unable`")
    if bring := keys_to_bring([wanted.key_env for wanted in used]):
        heads.append(f"keys to bring, as variables where the gateway runs: {bring}")
    if draft.peer == "OpenRouter":
        heads.append("**this is no drop-in**: hosts are asked directly, each with an account and a key of its own; OpenRouter's cannot choose between them by our rules")
    heads += [f"does not compile: {problem.message}" for problem in problems]
    return heads


