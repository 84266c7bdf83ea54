"""Doors of Bedrock and Vertex: the place in the id is a profile or a region; facts come only from the very same."""

from __future__ import annotations

import re

from gateway.importing.draft import Draft, Wanted, model_id, word
from gateway.importing.shipped import Row, operator_of
from gateway.importing.targets import Target, hosted_key, model_row

_VERSION = re.compile(r"(-\d{8})?(-v\d+)?(:\d+)?$")


def cloud_door(draft: Draft, target: Target, base: str) -> Wanted:
    """A shipped row of that model and place, else one of our own without facts."""
    return _vertex(draft, target, base) if target.api == "vertex_ai" else _bedrock(draft, target, base)


def _bedrock(draft: Draft, target: Target, base: str) -> Wanted:
    """`region` is `profile|region`, either of them perhaps empty."""
    profile, _, region = str(target.region).partition("|")
    row = _named(draft, target.name, profile or region)
    key_env = hosted_key(draft, target, "AWS_BEDROCK_API_KEY")
    place = "-".join(part for part in (profile, region) if part)
    if row is not None:
        same = not region or row["base_url"] == base
        return Wanted(row if same else _moved(row, place, base), key_env)
    plain = _plain(target.name, profile)
    publisher, _, rest = plain.partition(".")
    found = draft.shipped.model(_VERSION.sub("", rest)) or draft.shipped.model(plain)
    model = str(found["id"]) if found else model_id(rest or plain)
    lab = publisher if publisher in draft.shipped.rows["labs"] else "unknown"
    own = None if found else model_row(target, model, lab, f"as Bedrock calls it: {target.name}")
    made: Row = {"id": f"{model}@aws-bedrock/{word(place)}", "hosting": "hosted", "api": "bedrock", "base_url": base}
    return Wanted(made | {"upstream_model": target.name}, key_env, own_model=own)


def _moved(row: Row, place: str, base: str) -> Row:
    """The same profile entered in another region: it says where it is computed; where it is kept is not known."""
    id = f"{str(row['id']).partition('@')[0]}@aws-bedrock/{word(place)}"
    return {key: value for key, value in row.items() if key != "storage"} | {"id": id, "base_url": base}


def _named(draft: Draft, name: str, place: str) -> Row | None:
    there = [row for row in draft.shipped.rows["endpoints"].values() if operator_of(row) == "aws-bedrock"]
    there = [row for row in there if str(row["id"]).partition("/")[2] == place]
    for row in there:
        upstream = str(row.get("upstream_model", ""))
        if name == upstream or _VERSION.sub("", name) == _VERSION.sub("", upstream):
            return row
    return None


def _plain(name: str, profile: str) -> str:
    bare = name.removeprefix(f"{profile}.") if profile else name
    return re.sub(r":\d+$", "", bare)


_VERTEX_KEY = "GOOGLE_VERTEX_API_KEY"
_VERTEX_LOGIN = {
    "vertex_credentials": {"file_env": "GOOGLE_APPLICATION_CREDENTIALS"},
    "vertex_project": {"env": "GOOGLE_CLOUD_PROJECT"},
}


def _vertex(draft: Draft, target: Target, base: str) -> Wanted:
    name = target.name.partition("@")[0].rpartition("/")[2]
    found = draft.shipped.model(name)
    model = str(found["id"]) if found else model_id(name)
    place = f"{model}@vertex/{word(str(target.region))}"
    row = draft.shipped.rows["endpoints"].get(place)
    named = hosted_key(draft, target, _VERTEX_KEY)
    key_env = None if named == _VERTEX_KEY else named
    if row is not None:
        return Wanted(row, key_env)
    own = None if found else model_row(target, model, "unknown", f"as Vertex calls it: {target.name}")
    made: Row = {"id": place, "hosting": "hosted", "api": "vertex_ai", "base_url": base}
    made |= {} if key_env else {"credentials": dict(_VERTEX_LOGIN)}
    return Wanted(made | ({"upstream_model": target.name} if target.name != model else {}), key_env, own_model=own)
