"""Lays out the pages of the documentation site in `.site/pages`, which `make site` builds; see zensical.toml.

Pages stay where they are read with the code. Their names in backticks (`docs/reports.md`) become links here.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / ".site" / "pages"
CONFIG = ROOT / "zensical.toml"
ELSEWHERE = {  # pages that are no file of docs/
    "README.md": "index.md",
    "policies/README.md": "policies.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
_NAMED = re.compile(r"`((?:docs/|policies/)?[A-Za-z0-9_/-]+\.md)`")
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)")
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def sources() -> dict[str, Path]:
    """Each page of the site, by its name there, and the file that it is made of."""
    found = {str(path.relative_to(ROOT / "docs")): path for path in sorted((ROOT / "docs").rglob("*.md"))}
    return found | {name: ROOT / path for path, name in ELSEWHERE.items()}


def listed() -> list[str]:
    """The pages that the navigation names."""

    def names(item: object) -> list[str]:
        if isinstance(item, str):
            return [item]
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        return [name for each in inner for name in names(each)]

    return names(tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]["nav"])


def page(name: str, pages: dict[str, Path]) -> str:
    """A page as the site shows it. Raises ValueError naming a link that leads nowhere."""
    text = pages[name].read_text(encoding="utf-8")
    up = "../" * name.count("/")

    def named(match: re.Match[str]) -> str:
        path = match[1]
        there = ELSEWHERE.get(path) or path.removeprefix("docs/")
        if there not in pages or there == name or not (path in ELSEWHERE or path.startswith("docs/")):
            return match[0]
        title = _TITLE.search(pages[there].read_text(encoding="utf-8"))
        return f"[{title[1] if title else there}]({up}{there})"

    def linked(match: re.Match[str]) -> str:
        path, _, anchor = match[1].partition("#")
        there = Path(os.path.normpath(pages[name].parent / path)).relative_to(ROOT).as_posix()
        told = ELSEWHERE.get(there) or there.removeprefix("docs/")
        if not (ROOT / there).exists():
            raise ValueError(f"{pages[name]}: `{match[1]}` leads nowhere")
        return f"]({up}{told}{'#' if anchor else ''}{anchor})"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)  # code stays as it is
    return "".join(part if part.startswith("```") else _NAMED.sub(named, _LINK.sub(linked, part)) for part in parts)


def main() -> None:
    shutil.rmtree(PAGES, ignore_errors=True)
    pages = sources()
    for name in pages:
        (PAGES / name).parent.mkdir(parents=True, exist_ok=True)
        (PAGES / name).write_text(page(name, pages), encoding="utf-8")
    for picture in sorted((ROOT / "docs").rglob("*.png")):
        shutil.copy(picture, PAGES / picture.relative_to(ROOT / "docs"))


if __name__ == "__main__":
    main()
