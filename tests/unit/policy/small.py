"""A small folder to compile: the example of the policy language over four endpoints."""

from __future__ import annotations

from pathlib import Path

from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.view import View
from gateway.signals.value import Value

FOLDER = Path(__file__).parent / "small"
POLICY = (FOLDER / "policy.yaml").read_bytes()
CALLERS = (FOLDER / "callers.yaml").read_bytes()
CATALOG = (FOLDER / "catalog" / "all.yaml").read_bytes()
AT = 1_790_000_000.0  # September 2026
REST = b"routes: [{name: rest, try: [{any: {}}], order: listed}]\n"
SETS = b"""\
aliases: {auto: any}
sets: {eu: [DE, FR], china: [CN, HK, MO], us_lists: [us_entity_list, us_1260h, us_ndaa_1532]}
"""


def folder(
    *, policy: bytes = POLICY, callers: bytes = CALLERS, catalog: bytes = CATALOG, **cases: bytes
) -> dict[str, bytes]:
    """The files of a folder."""
    files = {"policy.yaml": policy, "callers.yaml": callers, "catalog/all.yaml": catalog}
    return files | {f"cases/{name}.yaml": text for name, text in cases.items()}


def compiled(**parts: bytes) -> Compiled:
    """That folder, compiled."""
    return compile_folder(folder(**parts))


def policy_with(*guards: str, rest: bytes = REST) -> Compiled:
    """A policy of these guards (what stands after `name`), and one route to everything."""
    lines = "".join(f"  - {{name: g{number}, {guard}}}\n" for number, guard in enumerate(guards))
    listed = f"guards:\n{lines}" if guards else ""
    return compiled(policy=b"version: 1\n" + SETS + listed.encode() + rest)


def decision(folder: Compiled, *, team: str = "research", at: float = AT, **given: Value) -> Decision:
    """What is decided for a request of this team with these signals."""
    return decide(folder.policy, signals_of(folder.keyring.teams[team], given, folder.policy), View(at=at))


def ids(decision: Decision) -> list[str]:
    """Endpoints in the order to try."""
    return [endpoint.id for endpoint in decision.endpoints]
