"""What a running server says of its models becomes rows of a catalogue; what it does not say stays unknown. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.importing.doors import UNKNOWN_LAB
from gateway.importing.shipped import Row, Shipped
from gateway.importing.writing import document

MOST_MODELS, LONGEST_NAME = 200, 200
MARKED = ("storage", "inference", "trains_on_data", "retention_days")  # facts that no server tells of itself
_OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llama.cpp", "library": "ollama"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A server, what it answered by path (None: nothing of use), and what whoever asks says of it."""

    url: str
    base_url: str
    replies: Mapping[str, Any]
    operator: str
    hosting: str
    country: str | None
    key_env: str | None
    price: tuple[Decimal, Decimal] | None  # US dollars per million tokens, in and out
    today: str


def server_of(replies: Mapping[str, Any]) -> str | None:
    """Which program answers, where it says so."""
    if isinstance(replies.get("/api/tags"), dict):
        return "ollama"
    owners = {_OWNERS.get(str(row.get("owned_by"))) for row in _listed(replies)}
    if len(owners) == 1 and None not in owners:
        return owners.pop()
    return "llama.cpp" if isinstance(_dict(replies.get("/props")).get("default_generation_settings"), dict) else None


def rows_of(asked: Asked, shipped: Shipped, taken: Collection[str]) -> dict[str, list[Row]]:
    """By kind: an endpoint a model, and the models, labs and operators that the catalogue does not know.

    `taken`: ids of endpoints that are there already. Empty: the server names no model.
    """
    found: dict[str, list[Row]] = {"labs": [], "models": [], "operators": [], "endpoints": []}
    used = set(taken)
    for said in _listed(asked.replies)[:MOST_MODELS]:
        name = str(said["id"])
        known = shipped.model(name)
        model = str(known["id"]) if known is not None else _word(name)
        if known is None and model not in {row["id"] for row in found["models"]}:
            found["models"].append(_model(model, said, asked))
        id = _free(f"{model}@{asked.operator}", asked.base_url, used)
        used.add(id)
        found["endpoints"].append(_endpoint(id, name, asked, shipped, sure=known is None))
    if found["models"] and UNKNOWN_LAB["id"] not in shipped.rows["labs"]:
        found["labs"].append(dict(UNKNOWN_LAB))
    if found["endpoints"] and asked.operator not in shipped.rows["operators"]:
        found["operators"].append({"id": asked.operator, "name": asked.operator})
    return found


def file_of(rows: Mapping[str, Sequence[Row]], schema: str) -> bytes:
    """As a file of a catalogue; each unknown is named in a comment."""
    lines = document(schema, {kind: list(each) for kind, each in rows.items() if each}).decode().splitlines()
    unknown = sorted({name for row in rows["endpoints"] for name in MARKED if row.get(name) is None})
    marked = [f"# unknown, so that guards which ask remove it: {', '.join(unknown)}"] if unknown else []
    return ("\n".join([lines[0], *marked, *lines[1:]]) + "\n").encode()


def _listed(replies: Mapping[str, Any]) -> list[Row]:
    rows = _dict(replies.get("/models")).get("data")
    return [row for row in rows if _is_named(row)] if isinstance(rows, list) else []


def _is_named(row: object) -> bool:
    name = row.get("id") if isinstance(row, dict) else None
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable() and bool(_word(name))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(name: str) -> str:
    """An id of our own for weights that nobody knows: of a path its last part, without the format."""
    last = re.sub(r"\.gguf$", "", name.replace("\\", "/").rstrip("/").rpartition("/")[2], flags=re.I)
    return re.sub(r"[^a-z0-9.]+", "-", last.lower()).strip("-.")


def _free(id: str, base_url: str, taken: Collection[str]) -> str:
    """An id that is taken gets the server's address as its place."""
    if id not in taken:
        return id
    place = re.sub(r"[^a-z0-9.]+", "-", base_url.partition("://")[2].lower()).strip("-.")
    named = id + ("-" if "/" in id else "/") + place
    number = 2
    while named in taken:
        named, number = f"{id}/{place}-{number}", number + 1
    return named


def _model(id: str, said: Row, asked: Asked) -> Row:
    row: Row = {"id": id, "lab": UNKNOWN_LAB["id"]}
    context = _context(said, asked.replies)
    row |= {"context_tokens": context} if context else {}
    if _dict(_dict(asked.replies.get("/props")).get("modalities")).get("vision") is True:
        row["can"] = ["vision"]
    return row | {"source": f"{asked.url} says so of itself", "checked": asked.today}


def _context(said: Row, replies: Mapping[str, Any]) -> int | None:
    """The longest that is served, not what the weights were trained for."""
    settings = _dict(_dict(replies.get("/props")).get("default_generation_settings"))
    for value in (said.get("max_model_len"), settings.get("n_ctx"), said.get("context_length")):
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
            return value
    return None


def _endpoint(id: str, name: str, asked: Asked, shipped: Shipped, *, sure: bool) -> Row:
    country = [asked.country] if asked.country else None
    row: Row = {"id": id, "hosting": asked.hosting, "storage": country, "inference": country}
    row |= {"trains_on_data": None, "retention_days": None}
    quantization = _quantization(name, asked.replies)
    row |= {"quantization": quantization} if quantization else {}
    row |= {"api": "openai", "base_url": asked.base_url, "upstream_model": name}
    row |= {"key_env": asked.key_env} if asked.key_env else {}
    if asked.price is not None:
        row["prices"] = [{"since": asked.today, "input": asked.price[0], "output": asked.price[1]}]
    server = server_of(asked.replies)
    row |= {"vendor": server, **shipped.takes(server)} if server and asked.hosting == "self" else {}
    row |= {} if sure else {"note": f"taken for these weights by the name {name}"}
    return row | {"source": f"{asked.url} says so of itself", "checked": asked.today}


def _quantization(name: str, replies: Mapping[str, Any]) -> str | None:
    models = _dict(replies.get("/api/tags")).get("models")
    for row in models if isinstance(models, list) else ():
        level = _dict(_dict(row).get("details")).get("quantization_level")
        if _dict(row).get("name") == name and isinstance(level, str) and re.fullmatch(r"[A-Za-z0-9_]{1,20}", level):
            return level.lower()
    return None
