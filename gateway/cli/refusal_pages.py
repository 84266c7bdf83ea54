"""How the result of a probe, or of an imported file, is written: tables, CSV, JSON, or one page."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Literal

from gateway.cli.report import shown
from gateway.probe.heatmap import as_html
from gateway.probe.speechmap import side_by_side
from gateway.report.table import as_csv, enough_said

Format = Literal["table", "csv", "json", "html"]
_TABLES = {
    "models": "labels against the detector, by model and language",
    "rows": "refusals",
    "hosting": "what the machines add to the weights",
    "agreement": "agreement over repeats",
    "compliance": "malicious questions that were answered",
}
_BRIEF = ("model", "language", "n", "rate", "low", "high", "weighted_rate", "detector_rate", "detector_weighted_rate")


def written(made: dict[str, Any], format: Format, title: str) -> str:
    """Ends with a line break."""
    imported = "models" in made
    if format == "json":
        return json.dumps(made, ensure_ascii=False) + "\n"
    if format == "csv":
        return as_csv({"rows": made["models"] if imported else made["rows"]})
    if format == "html":
        maps = {"refusals": made["rows"]}
        if imported:
            maps = {
                "by model and language (replies, where fewer than 30)": side_by_side(made["models"]),
                "by topic, as the labels say": made["rows"],
                "by topic, as our detector says": made["detector_rows"],
            }
        return as_html(title, maps, {heading: made[name] for name, heading in _TABLES.items() if made.get(name)})
    if imported:
        brief = [{name: row[name] for name in _BRIEF} for row in made["models"]]
        return shown(_TABLES["models"], {"rows": brief})
    tables = [shown(heading, {"rows": enough_said(made[name])}) for name, heading in _TABLES.items() if made.get(name)]
    return "\n".join((*tables, _summary(made)))


def _summary(made: dict[str, Any]) -> str:
    """What was asked and spent, and who was asked nothing and why."""
    lines = [f"{made['asked']} asked, {made['failed']} failed, {made['left_out']} left out, {made['spent_usd']} USD"]
    if made["out_of_money"]:
        lines.append("the cap was reached; raise --usd to ask the rest")
    for endpoint, guards in made["removed"].items():
        kept = ", ".join(f"{name} ({count})" for name, count in guards.items())
        lines.append(f"questions that guards keep from {endpoint}: {kept}")
    lines += [f"{count} endpoints not asked: {why}" for why, count in Counter(made["unable"].values()).items()]
    return "\n".join(lines) + "\n"
