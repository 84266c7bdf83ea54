"""What a peer gives requests, or forces upon them, as the `parameters` of an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.importing.findings import Findings
from gateway.importing.keys import holds_key
from gateway.importing.shipped import Row
from gateway.source.peer import Path

NAMES = frozenset(
    "temperature top_p top_k max_tokens max_completion_tokens seed stop presence_penalty frequency_penalty logit_bias "
    "reasoning_effort service_tier verbosity thinking".split()
)
THOUGHTS = frozenset({"reasoning_effort", "thinking"})
_LIMITS = frozenset({"max_tokens", "max_completion_tokens"})
_DROPPED = frozenset(
    "user response_format logprobs top_logprobs parallel_tool_calls metadata safety_identifier".split()
)


def given(findings: Findings, path: Path, said: Mapping[str, Any]) -> Row:
    """Where the caller says nothing. What is carried is marked; the rest of `said` is left to be told."""
    add = {name: value for name, value in said.items() if _carries(name, value)}
    findings.carried(*[(*path, name) for name in add])
    return {"add": add} if add else {}


def forced(findings: Findings, path: Path, said: Mapping[str, Any]) -> Row:
    """Whatever the caller says; a bound on the output may be tighter all the same."""
    made = given(findings, path, said)
    if not made:
        return {}
    limits = [value for name, value in made["add"].items() if name in _LIMITS]
    replaced = [name for name in made["add"] if name not in _LIMITS]
    made |= {"cap": {"max_tokens": min(limits)}} if limits else {}
    return made | ({"drop": replaced} if replaced else {})


def left_out(findings: Findings, path: Path, names: object) -> Row:
    """Fields that the peer drops."""
    listed = names if isinstance(names, list) else []
    drop = [name for name in listed if isinstance(name, str) and name in (NAMES | _DROPPED) - _LIMITS]
    if not drop or len(drop) != len(listed):
        return {}
    findings.carried(path)
    return {"drop": drop}


def _carries(name: str, value: object) -> bool:
    if name not in NAMES or value is None:
        return False
    if name in _LIMITS:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return not holds_key(str(value)) and "os.environ/" not in str(value)


def without_thoughts(parameters: Row) -> Row:
    """For a model that is not known to reason: with these it could serve nothing."""
    add = {name: value for name, value in parameters.get("add", {}).items() if name not in THOUGHTS}
    rest = {name: value for name, value in parameters.items() if name != "add"}
    return {"add": add, **rest} if add else rest
