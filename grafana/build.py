"""Writes dashboards.yaml as the JSON that Grafana reads: `python -m grafana.build`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gateway.report.colours import COLOURS, MEMBERS, OTHERS

HERE = Path(__file__).parent
COLUMNS = 24  # of Grafana's grid
MOMENTS = frozenset({"stat", "bargauge", "piechart", "table"})  # panels that show the time range as one value a series

Json = dict[str, Any]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}  # whichever is chosen above the panels
SOURCES: Json = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
    "refresh": 1,
    "includeAll": False,
    "multi": False,
    "current": {"text": "default", "value": "default"},
}
SWITCHES = {  # name of a choice above the panels: the metric whose label it is, and that label
    "team": ("gateway_requests_total", "team"),
    "host": ("gateway_judged_total", "operator"),
    "language": ("gateway_judged_total", "language"),
}
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_BESIDE = {"displayMode": "table", "placement": "right"}
OPTIONS: Mapping[str, Json] = {
    "stat": {"reduceOptions": _LAST, "colorMode": "value", "graphMode": "none"},
    "timeseries": {"legend": _BESIDE | {"calcs": ["mean", "max"]}, "tooltip": {"mode": "multi", "sort": "desc"}},
    "bargauge": {"reduceOptions": _LAST, "orientation": "horizontal", "displayMode": "basic"},
    "piechart": {"reduceOptions": _LAST, "legend": _BESIDE | {"values": ["value", "percent"]}},
    "table": {"showHeader": True},
}
AS_ROWS = [
    {"id": "organize", "options": {"excludeByName": {"Time": True}}},
    {"id": "sortBy", "options": {"sort": [{"field": "Value", "desc": True}]}},
]


def files() -> dict[str, str]:
    """What belongs into dashboards/, by file name."""
    pages = yaml.safe_load((HERE / "dashboards.yaml").read_text(encoding="utf-8"))
    return {f"{page['name']}.json": json.dumps(dashboard(page), indent=2) + "\n" for page in pages}


def dashboard(page: Json) -> Json:
    return {
        "uid": f"entrepot-{page['name']}",
        "title": f"Entrepot / {page['title']}",
        "description": page["says"],
        "tags": ["entrepot"],
        "editable": False,
        "schemaVersion": 39,
        "version": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["entrepot"], "title": "Entrepot", "asDropdown": True}],
        "templating": {"list": [SOURCES, *(switch(name) for name in page.get("switches", ()))]},
        "panels": placed(page["rows"]),
    }


def switch(name: str) -> Json:
    """Any of the values that Prometheus has seen, or all."""
    metric, label = SWITCHES[name]
    return {
        "name": name,
        "label": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values({metric}, {label})", "refId": f"{name}s"},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def placed(rows: list[Json]) -> list[Json]:
    """Every row's header and its panels side by side, of equal width."""
    panels: list[Json] = []
    top = 0
    for row in rows:
        grid = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": row["title"], "collapsed": False, "gridPos": grid}
        )
        width, height = COLUMNS // len(row["panels"]), row.get("height", 8)
        for column, given in enumerate(row["panels"]):
            grid = {"x": column * width, "y": top + 1, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, **panel(given), "gridPos": grid})
        top += 1 + height
    return panels


def panel(given: Json) -> Json:
    kind = given["kind"]
    queries = given.get("queries") or {given.get("legend", given["title"]): given["query"]}
    return {
        "type": kind,
        "title": given["title"],
        "description": given["says"],
        "datasource": SOURCE,
        "targets": [target(chr(ord("A") + n), kind, *query) for n, query in enumerate(queries.items())],
        "fieldConfig": {"defaults": defaults(given), "overrides": coloured(queries)},
        "options": OPTIONS[kind],
        "transformations": (as_matrix(*given["matrix"]) if "matrix" in given else AS_ROWS) if kind == "table" else [],
    }


def coloured(queries: Mapping[str, str]) -> list[Json]:
    """Origins have the colours that they have in the console and in reports."""
    if "{{origin}}" not in queries:
        return []
    named = [(family, "|".join(origins.split())) for family, origins in MEMBERS.items()]
    named.insert(0, (OTHERS, "[A-Z]{2}"))  # of several that fit, Grafana heeds the last
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"/^({origins})$/"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": COLOURS[family].light}}],
        }
        for family, origins in named
    ]


def as_matrix(row: str, column: str) -> list[Json]:
    """A heat map: one label down, the other across."""
    options = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    return [{"id": "groupingToMatrix", "options": options}]


def target(ref: str, kind: str, legend: str, query: str) -> Json:
    return {
        "refId": ref,
        "datasource": SOURCE,
        "expr": " ".join(query.split()),
        "legendFormat": legend,
        "instant": kind in MOMENTS,
        "range": kind not in MOMENTS,
        "format": "table" if kind == "table" else "time_series",
    }


def defaults(given: Json) -> Json:
    known: Json = {"unit": given.get("unit", "short")}
    if known["unit"] == "percentunit":
        known |= {"min": 0, "max": 1}
    if "matrix" in given:
        known |= {"color": {"mode": "continuous-YlRd"}, "custom": {"cellOptions": {"type": "color-background"}}}
    if given["kind"] == "timeseries":
        stacked = given.get("stacked", False)
        stacking = {"mode": "normal" if stacked else "none"}
        known["custom"] = {"fillOpacity": 30 if stacked else 0, "stacking": stacking, "showPoints": "never"}
    return known


def main() -> None:
    for name, text in files().items():
        (HERE / "dashboards" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
