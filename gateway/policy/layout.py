"""Which files make a policy folder, and where its catalogue stands."""

from __future__ import annotations

from gateway.source import read

POLICY = "policy.yaml"
CALLERS = "callers.yaml"


def catalog_folder(policy: bytes) -> str:
    """The folder of the catalogue, relative to the policy's: what `catalog:` names, else `catalog`."""
    document, _ = read(policy, POLICY)
    named = document.data.get("catalog") if isinstance(document.data, dict) else None
    return named if isinstance(named, str) and named else "catalog"
