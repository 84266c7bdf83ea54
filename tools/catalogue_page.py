"""Writes docs/catalogue.md from policies/catalog/."""

from __future__ import annotations

from pathlib import Path

from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped
from gateway.catalog.page import page
from gateway.processes.policy_folder import read_folder
from gateway.source import parse

ROOT = Path(__file__).parents[1]


def main() -> None:
    files = read_folder(ROOT / "policies")
    catalog = compile_catalog(
        [parse(data, name) for name, data in files.items() if name.startswith("catalog/")], shipped()
    )
    (ROOT / "docs" / "catalogue.md").write_text(page(catalog), encoding="utf-8")


if __name__ == "__main__":
    main()
