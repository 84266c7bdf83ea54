"""LiteLLM's four kinds of fallbacks, and what their names mean: a model_name, an alias, an id, a deployment's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.importing.findings import Findings
from gateway.importing.litellm_deployments import Deployment
from gateway.source.peer import Path

_SECTIONS = ("router_settings", "litellm_settings")
Targets = dict[str, list[str]]


@dataclass(slots=True)
class Fallbacks:
    """By name: whom to ask next. `content` is None where the option is absent."""

    groups: Mapping[str, list[Deployment]]
    aliases: Mapping[str, str]
    failures: Targets = field(default_factory=dict)
    default: list[str] = field(default_factory=list)
    window: Targets = field(default_factory=dict)
    content: Targets | None = None

    @property
    def any(self) -> bool:
        """True if a failure or a filter of any name leads to another."""
        return bool(self.failures or self.default)

    def failure(self, name: str) -> Sequence[str]:
        """Names asked after a failure: its own, else everybody's."""
        return self.failures.get(name) or self.failures.get("*") or self.default

    def special(self, name: str) -> list[str]:
        """Names asked after a filter or a prompt that was too long."""
        return [*(self.content or {}).get(name, ()), *self.window.get(name, ())]

    def meant(self, name: str) -> list[Deployment]:
        """The deployments that a fallback's name leads to."""
        if name in self.groups:
            return self.groups[name]
        if name in self.aliases:
            return self.groups.get(self.aliases[name], [])
        every = [deployment for group in self.groups.values() for deployment in group]
        by_id = [deployment for deployment in every if deployment.id == name]
        return by_id or [deployment for deployment in every if deployment.model == name]

    def group_of(self, name: str) -> str:
        """The model_name whose own fallbacks follow; a deployment's own name has none of its own."""
        return self.aliases.get(name, name)


def read_fallbacks(
    findings: Findings, data: Mapping[str, Any], groups: Mapping[str, list[Deployment]], aliases: Mapping[str, str]
) -> Fallbacks:
    """`router_settings` goes before `litellm_settings`; a name that nothing bears is told and left out."""
    made = Fallbacks(groups, aliases)
    found = {
        option: _option(findings, data, option)
        for option in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
    }
    made.failures = _known(findings, made, found["fallbacks"])
    made.window = _known(findings, made, found["context_window_fallbacks"])
    if found["content_policy_fallbacks"] is not None:
        made.content = _known(findings, made, found["content_policy_fallbacks"])
        words = "a filter's targets are also asked after failures: one list for both here"
        findings.tell("assumed", found["content_policy_fallbacks"][0], words)
    if found["context_window_fallbacks"] is not None:
        words = (
            "written as later entries of `try`: endpoints whose context is too short drop out by "
            "themselves; failures of all before lead there too"
        )
        findings.tell("assumed", found["context_window_fallbacks"][0], words)
    made.default = _default(findings, data, made)
    return made


def _option(findings: Findings, data: Mapping[str, Any], option: str) -> tuple[Path, Any] | None:
    """Where it stands and what it says. The one of `litellm_settings` does nothing beside the router's."""
    first = None
    for section in _SECTIONS:
        value = (data.get(section) or {}).get(option)
        if not value:
            continue
        if first is None:
            first = ((section, option), value)
            findings.carried((section, option))
        else:
            findings.tell("no_effect", (section, option), "`router_settings` says it already, and goes first")
    return first


def _known(findings: Findings, made: Fallbacks, found: tuple[Path, Any] | None) -> Targets:
    if found is None:
        return {}
    path, value = found
    targets: Targets = {}
    for number, entry in enumerate(value if isinstance(value, list) else [value]):
        here = (*path, number)
        if not isinstance(entry, dict):
            findings.tell("error", here, "an entry of fallbacks is a mapping, `name: [other, …]`")
            continue
        for name, wanted in entry.items():
            names = wanted if isinstance(wanted, list) else [wanted]
            targets[name] = _existing(findings, made, (*here, name), names)
            if name != "*" and name not in made.groups and name not in made.aliases and not made.meant(name):
                findings.tell(
                    "no_effect", (*here, name), f"nobody is called `{name}`, so these fallbacks are never used"
                )
    return targets


def _existing(findings: Findings, made: Fallbacks, path: Path, names: Sequence[Any]) -> list[str]:
    kept = []
    for number, name in enumerate(names):
        if isinstance(name, dict):  # LiteLLM takes `{model: X, messages: …}` too
            name = name.get("model")
        if made.meant(str(name)):
            kept.append(str(name))
        else:
            words = (
                f"`{name}` is no model_name, alias, model id or deployment that was imported: dropped from the route"
            )
            findings.tell("error", (*path, number), words)
    return kept


def _default(findings: Findings, data: Mapping[str, Any], made: Fallbacks) -> list[str]:
    found = _option(findings, data, "default_fallbacks")
    if found is None:
        return []
    path, value = found
    return _existing(findings, made, path, value if isinstance(value, list) else [value])
