"""The demo's own policy folder, filled in: addresses of what runs, hashes of fresh keys, real endpoints with a key."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.catalog.wires import PUBLIC
from gateway.identity import digest
from gateway.source import parse

SHIPPED = Path(__file__).parent / "policies"
TEAMS = ("demo", "research", "sales-eu", "finance", "clinic")  # each has one key of the same name
_KEYED_ROWS = ("labs", "models", "operators", "licences", "windows")  # rows of the real catalogue that endpoints need


def fresh_keys() -> dict[str, str]:
    """A new API key for each team."""
    return {team: f"gw-{team}-{secrets.token_urlsafe(18)}" for team in TEAMS}


def write_folder(folder: Path, *, urls: Mapping[str, str], keys: Mapping[str, str]) -> None:
    """Replaces `folder` by the shipped policies with `urls` (by operator) and hashes of `keys` (by team) in place."""
    shutil.rmtree(folder, ignore_errors=True)
    filled = {f"{{url:{operator}}}": url for operator, url in urls.items()}
    filled |= {f"{{sha256:{team}}}": digest(key) for team, key in keys.items()}
    for source in sorted(SHIPPED.rglob("*.yaml")):
        text = source.read_text(encoding="utf-8")
        for brace, value in filled.items():
            text = text.replace(brace, value)
        target = folder / source.relative_to(SHIPPED)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def add_live(folder: Path, real_catalog: Path, has_key: Callable[[str], bool]) -> tuple[str, ...]:
    """Adds the endpoints of the real catalogue whose key is set, and what they need. Returns their ids."""
    documents = [parse(file.read_bytes(), str(file)) for file in sorted(real_catalog.glob("*.yaml"))]
    files: list[Mapping[str, Any]] = [document.data for document in documents if isinstance(document.data, dict)]

    def rows(kind: str) -> list[dict[str, Any]]:
        return [row for file in files for row in file.get(kind) or []]

    live = [row for row in rows("endpoints") if _is_live(row, has_key)]
    if not live:
        return ()
    ids = tuple(row["id"] for row in live)
    taken = _declared(folder)
    added = {kind: [row for row in rows(kind) if row["id"] not in taken] for kind in _KEYED_ROWS}
    prices = [row for row in rows("prices") if row["endpoint"] in ids]
    written = json.dumps({**added, "endpoints": live, "prices": prices}, ensure_ascii=False, indent=1)
    (folder / "catalog" / "live.yaml").write_text(written, encoding="utf-8")  # JSON is YAML
    return ids


def _is_live(row: Mapping[str, Any], has_key: Callable[[str], bool]) -> bool:
    """True if its key is set, or one of the variables of its login that name a secret."""
    if row.get("key_env"):
        return has_key(row["key_env"])
    parts = {name: part for name, part in (row.get("credentials") or {}).items() if name not in PUBLIC}
    named = [part.get("env") or part.get("file_env") for part in parts.values() if isinstance(part, dict)]
    return bool(named) and all(name is not None and has_key(name) for name in named)


def _declared(folder: Path) -> frozenset[str]:
    """Ids of the labs, models and operators that the demo itself declares."""
    document = parse((folder / "catalog" / "demo.yaml").read_bytes(), "demo.yaml")
    assert isinstance(document.data, dict)
    return frozenset(row["id"] for kind in ("labs", "models", "operators") for row in document.data[kind])
