"""The report of an import, as Markdown: what matters most stands first. It holds no value that may be a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.importing.findings import SECTIONS, Finding

_TOP = 30  # places shown of one finding


def markdown(peer: str, file: str, findings: Sequence[Finding], heads: Sequence[str]) -> str:
    """`heads` are the sentences above all sections."""
    lines = [f"# What was imported from {peer}: {file}", "", *(f"* {head}" for head in heads)]
    for section, title in SECTIONS.items():
        found = [finding for finding in findings if finding.section == section]
        if found:
            lines += ["", f"## {title}", "", *_lines(found)]
    return "\n".join(lines) + "\n"


def _lines(found: Sequence[Finding]) -> list[str]:
    """Places of which the same is said share a line."""
    same: dict[str, list[Finding]] = {}
    for finding in found:
        same.setdefault(finding.what, []).append(finding)
    lines = []
    for what, findings in same.items():
        places = [_place(finding) for finding in findings]
        more = f" and {len(places) - _TOP} more" if len(places) > _TOP else ""
        lines.append(f"* {', '.join(places[:_TOP])}{more}: {what}")
    return lines


def _place(finding: Finding) -> str:
    name = f"`{finding.where}`"
    return f"{name} ({finding.place.file}:{finding.place.line}:{finding.place.column})" if finding.place else name


def plain(findings: Sequence[Finding]) -> list[Mapping[str, Any]]:
    """For `--json`."""
    return [
        {
            "section": finding.section,
            "where": finding.where,
            "what": finding.what,
            "file": finding.place.file if finding.place else None,
            "line": finding.place.line if finding.place else None,
            "column": finding.place.column if finding.place else None,
        }
        for finding in findings
    ]
