"""The rows of a catalogue as they are written, found by address and by the names that vendors use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gateway.importing.data import table
from gateway.source import Document

Row = dict[str, Any]
_FORMAT = re.compile(
    r"-(fp8|fp4|bf16|fp16|int4|int8|awq|nvfp4|fp8-dynamic)$", re.I
)  # how weights are served, not which
KINDS = ("labs", "models", "operators", "endpoints", "prices")


@dataclass(frozen=True, slots=True)
class Shipped:
    """Rows by kind and id, and how to find them. Own machines of the shipped catalogue are examples, and left out."""

    rows: Mapping[str, Mapping[str, Row]]
    by_base: Mapping[str, Sequence[Row]] = field(repr=False)
    names: Mapping[str, str] = field(repr=False)  # a name that a model goes by: its id
    squeezed: Mapping[str, str] = field(repr=False)  # the same, letters and digits only

    def model(self, name: str) -> Row | None:
        """The weights that go by this name, with or without whoever publishes them before a `/`."""
        last = name.rpartition("/")[2]
        for known in (name, last, name.lower(), last.lower()):
            if known in self.names:
                return self.rows["models"][self.names[known]]
        found = self.squeezed.get(_squeeze(last))
        return self.rows["models"][found] if found else None

    def door(self, base: str, name: str) -> Row | None:
        """The endpoint at this address that serves what its operator calls `name`."""
        here = [row for row in self.by_base.get(normal(base), ())]
        for row in here:
            if str(row.get("upstream_model", "")) == name:
                return row
        model = self.model(name)
        wanted = model["id"] if model else name
        return next((row for row in here if _model_of(row) == str(wanted)), None)

    def place(self, base: str) -> str | None:
        """Whose machines an address leads to, as `operator` or `operator/region`."""
        here = self.by_base.get(normal(base), ())
        places = {str(row["id"]).partition("@")[2] for row in here}
        if places:
            return min(places, key=len)
        host = urlsplit(base).hostname
        at = {str(r["id"]).partition("@")[2] for rows in self.by_base.values() for r in rows if _host(r) == host}
        return min(at, key=len) if len({place.partition("/")[0] for place in at}) == 1 else None

    def sole_lab(self, operator: str) -> str | None:
        """The lab whose weights are all that an operator serves; None if it serves others' too."""
        served = [row for rows in self.by_base.values() for row in rows if operator_of(row) == operator]
        labs = {
            str(self.rows["models"][_model_of(row)]["lab"]) for row in served if _model_of(row) in self.rows["models"]
        }
        return labs.pop() if len(labs) == 1 else None

    def takes(self, vendor: str) -> Row:
        """What servers of this kind take, as the example of one says; {} where none says."""
        examples = (row for row in self.rows["endpoints"].values() if row.get("hosting") == "self")
        said = (row["takes"] for row in examples if row.get("vendor") == vendor and row.get("takes"))
        return {"takes": found} if (found := next(said, None)) else {}


def gather(documents: Sequence[Document]) -> Shipped:
    """Of the catalogue's files, which compile."""
    rows: dict[str, dict[str, Row]] = {kind: {} for kind in KINDS}
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        for kind in KINDS:
            for row in data.get(kind) or []:
                key = str(row["endpoint"] if kind == "prices" else row["id"])
                old = rows[kind].get(key)
                rows[kind][key] = {**old, "rows": [*old["rows"], *row["rows"]]} if old and kind == "prices" else row
    by_base: dict[str, list[Row]] = {}
    for row in rows["endpoints"].values():
        if row["hosting"] != "self":
            by_base.setdefault(normal(str(row["base_url"])), []).append(row)
    names, squeezed = _names(rows)
    return Shipped(rows, by_base, names, squeezed)


def _names(rows: Mapping[str, Mapping[str, Row]]) -> tuple[dict[str, str], dict[str, str]]:
    """Ids go before other names, those before what operators call them; a name of two models is none."""
    ids = {id: id for id in rows["models"]}
    also = [(str(name), id) for id, row in rows["models"].items() for name in row.get("also") or ()]
    named = [
        (str(row["upstream_model"]), _model_of(row)) for row in rows["endpoints"].values() if "upstream_model" in row
    ]
    named += [(bare, id) for name, id in named if (bare := _FORMAT.sub("", name)) != name]
    served = {name: id for name, id in _sure(named).items() if id in ids}
    names = {**served, **_sure(also), **ids}
    for name, id in list(names.items()):
        names.setdefault(name.lower(), id)
        names.setdefault(name.rpartition("/")[2].lower(), id)
    return names, _sure([(_squeeze(name), id) for name, id in [*ids.items(), *also]])


def _sure(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for name, id in pairs:
        found.setdefault(name, set()).add(id)
    return {name: ids.pop() for name, ids in found.items() if len(ids) == 1}


def _squeeze(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def normal(base: str) -> str:
    """One spelling of one address."""
    plain = base.strip().rstrip("/")
    same: str = table("litellm_providers.yaml")["same"].get(plain, plain)
    return same


def operator_of(row: Row) -> str:
    """Of an endpoint's id."""
    return str(row["id"]).partition("@")[2].partition("/")[0]


def _model_of(row: Row) -> str:
    return str(row["id"]).partition("@")[0]


def _host(row: Row) -> str | None:
    text = str(row["base_url"])
    return None if "{" in text else urlsplit(text).hostname
