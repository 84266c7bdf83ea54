"""The one table of colours of origins: the console's style, reports and Grafana's dashboards are made from it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Colour:
    """As #rrggbb; `faint`: of what is simulated."""

    light: str
    light_faint: str
    dark: str
    dark_faint: str


# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        "cn": Colour("#d55e00", "#eda36f", "#f08a3c", "#a65c22"),
        "us": Colour("#0072b2", "#6fb0d6", "#4aa3df", "#2c6690"),
        "eu": Colour("#009e73", "#6fcbb0", "#2fc496", "#1c7d60"),
        "asia": Colour("#cc79a7", "#e3b6cf", "#e39bc2", "#8f5f7a"),
        "other": Colour("#e69f00", "#f2cd80", "#f0b43a", "#977024"),
        "gulf": Colour("#56b4e9", "#a6d7f2", "#86cdf4", "#4f7f99"),
        "none": Colour("#9aa3ad", "#c9ced4", "#79838e", "#4d555e"),
    }
)
MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "cn": "CN HK MO",
        "us": "US",
        "eu": "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK UA",
        "asia": "IN JP KR SG TW VN",
        "gulf": "AE IL QA SA TR",
        "none": "none unknown cache",
    }
)
OTHERS = "other"
FAMILIES: Mapping[str, str] = MappingProxyType(
    {origin: family for family, origins in MEMBERS.items() for origin in origins.split()}
)


def family_of(origin: str) -> str:
    """The row of COLOURS that an origin has wherever it is shown."""
    return FAMILIES.get(origin, OTHERS)


def console_style() -> str:
    """CSS variables `--cn`, `--cn-faint` … of the console, in its three themes."""
    light = "".join(f"--{name}:{each.light};--{name}-faint:{each.light_faint};" for name, each in COLOURS.items())
    dark = "".join(f"--{name}:{each.dark};--{name}-faint:{each.dark_faint};" for name, each in COLOURS.items())
    system = f':root[data-theme="auto"]{{{dark}}}'
    return f':root{{{light}}}\n:root[data-theme="dark"]{{{dark}}}\n@media (prefers-color-scheme: dark){{{system}}}\n'


def console_script() -> str:
    """A module of the console: from an origin to its family."""
    return f"export const FAMILIES = {json.dumps(dict(FAMILIES))};\nexport const OTHERS = {json.dumps(OTHERS)};\n"


def report_style() -> str:
    """Classes `o-cn` … of report pages, in light and dark."""
    paint = "".join(f".o-{name} {{ fill: var(--o-{name}); background: var(--o-{name}); }}\n" for name in COLOURS)
    light = " ".join(f"--o-{name}: {each.light};" for name, each in COLOURS.items())
    dark = " ".join(f"--o-{name}: {each.dark};" for name, each in COLOURS.items())
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{paint}"
