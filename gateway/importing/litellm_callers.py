"""Keys, teams and budgets: LiteLLM keeps the plain SHA-256 of a key, and so do we: keys of an export go on working."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.identity import digest
from gateway.importing.draft import Draft, Way, unique, word
from gateway.importing.keys import REFERENCE, key_of
from gateway.importing.litellm_deployments import Deployment
from gateway.importing.litellm_names import number
from gateway.importing.litellm_shape import listed
from gateway.importing.shipped import Row
from gateway.source.peer import Path

PERIODS = {
    "1d": "day",
    "24h": "day",
    "daily": "day",
    "7d": "week",
    "1w": "week",
    "weekly": "week",
    "30d": "month",
    "31d": "month",
    "1mo": "month",
    "monthly": "month",
}
_CLASS = "confidential"
_ALL = frozenset({"all-proxy-models", "all-team-models", "*"})
Groups = Mapping[str, list[Deployment]]


def callers(draft: Draft, data: Mapping[str, Any], groups: Groups) -> None:
    """Teams and keys of an export, else one team for the master key."""
    teams = _listed(draft, "teams", ("teams", "data"))
    keys = _listed(draft, "keys", ("keys", "data"))
    names = {
        str(team.get("team_id")): _team(draft, team, groups) for team in teams if not _blocked(draft, "team", team)
    }
    gone = {str(team.get("team_id")) for team in teams if team.get("blocked") is True}
    for key in keys:
        if str(key.get("team_id")) not in gone and not _blocked(draft, "key", key):
            _key(draft, key, names, groups)
    if not draft.teams:
        draft.teams["imported"] = {"data_class": _CLASS}
    draft.findings.say(
        "assumed",
        "callers.yaml",
        f"`data_class: {_CLASS}` for every team: LiteLLM knows no classes; the strictest that still goes out",
    )
    if teams or keys:
        draft.findings.say(
            "assumed", "budgets", "periods are UTC days, weeks and months (there: from reset to reset), and begin at 0"
        )
    if "customers" in draft.said.files:
        words = (
            "end users are none here; a region asked for protected nobody unless "
            "`enable_pre_call_checks` was on and a deployment had that very `region_name`"
        )
        draft.findings.say("not_carried", "--customers", words)
    _budget(draft, data, alone=len(draft.teams) == 1)
    _master(draft, data)


def _listed(draft: Draft, name: str, under: tuple[str, ...]) -> list[Mapping[str, Any]]:
    raw = draft.said.files.get(name)
    if raw is None:
        return []
    try:
        found = json.loads(raw)
    except ValueError:
        draft.findings.say("error", f"--{name}", "is no JSON: not read")
        return []
    inner = next((found[key] for key in under if isinstance(found, dict) and key in found), found)
    return [row for row in inner if isinstance(row, dict)] if isinstance(inner, list) else []


def _blocked(draft: Draft, kind: str, row: Mapping[str, Any]) -> bool:
    if row.get("blocked") is True:
        named = word(str(row.get(f"{kind}_alias") or row.get("team_alias") or "without a name"))
        draft.findings.say("not_carried", f"{kind} {named}", "is blocked: not written, so its keys are refused")
        return True
    return False


def _team(draft: Draft, team: Mapping[str, Any], groups: Groups) -> str:
    id = unique(word(str(team.get("team_alias") or team.get("team_id") or "team").lower()), set(draft.teams))
    made: Row = {"data_class": _CLASS}
    budget = _budget_of(draft, f"team {id}", team)
    made |= {"budget": budget} if budget else {}
    rate = {
        ours: int(value)
        for ours, theirs in (("requests_per_minute", "rpm_limit"), ("tokens_per_minute", "tpm_limit"))
        if (value := number(team.get(theirs))) and value >= 1
    }
    made |= {"rate": rate} if rate else {}
    draft.teams[id] = made
    _allowed(draft, groups, team.get("models"), id, None)
    _tagged(draft, team, id, None)
    _rest(draft, f"team {id}", team)
    return id


def _key(draft: Draft, key: Mapping[str, Any], teams: Mapping[str, str], groups: Groups) -> None:
    token = str(key.get("token") or key.get("api_key") or "")
    if not token:
        draft.findings.say("error", "a key without `token`", "left out: `gateway keys new` makes one")
        return
    hashed = token if re.fullmatch("[0-9a-f]{64}", token) else digest(token)
    id = unique(word(str(key.get("key_alias") or f"key-{hashed[:8]}")), {str(row["id"]) for row in draft.keys})
    team = teams.get(str(key.get("team_id")), "no-team")
    if team == "no-team":
        draft.teams.setdefault("no-team", {"data_class": _CLASS})
    budget = _budget_of(draft, f"key {id}", key)
    models = [str(name) for name in listed(key.get("models"))]
    tagged = (key.get("metadata") or {}).get("tags") if isinstance(key.get("metadata"), dict) else None
    app = id if budget or (models and not set(models) & _ALL) or tagged else None
    row: Row = {"id": id, "team": team} | ({"app": app} if app else {}) | {"sha256": hashed}
    expires = str(key.get("expires") or "")[:10]
    row |= {"expires": expires} if re.fullmatch(r"\d{4}-\d\d-\d\d", expires) else {}
    if budget and app:
        draft.teams[team].setdefault("apps", {})[app] = {"budget": budget}
    draft.keys.append(row)
    _allowed(draft, groups, models, team, app)
    _tagged(draft, key, team, app)
    for option in ("rpm_limit", "tpm_limit"):
        if key.get(option) is not None:
            draft.findings.say("lost", f"key {id}", f"`{option}` of one key: rates are per team here")
    _rest(draft, f"key {id}", key)


def _budget_of(draft: Draft, where: str, row: Mapping[str, Any]) -> Row | None:
    usd, duration = number(row.get("max_budget")), row.get("budget_duration")
    if usd is None:
        return None
    per = PERIODS.get(str(duration))
    if per is None or usd < 0:
        span = "for ever" if duration in (None, "") else "for a period that is no day, week or month"
        draft.findings.say(
            "lost",
            where,
            f"a budget of {usd:g} USD {span}: not written; the near thing is `budget: {{usd: …, per: month}}`",
        )
        return None
    return {"usd": int(usd) if usd.is_integer() else usd, "per": per, "when_spent": "reject"}


def _allowed(draft: Draft, groups: Groups, models: object, team: str, app: str | None) -> None:
    """Their lists are of names, ours of endpoints: all that those names can reach."""
    names = [str(name) for name in models] if isinstance(models, list) else []
    if not names or set(names) & _ALL:
        return
    ways = [way for _, name, way in draft.ways if name in names or _in_groups(groups.get(name, ()), names)]
    handles = {handle for way in ways for item in way.items for handle in item.handles}
    handles |= {way.canary[0] for way in ways if way.canary}
    whose = "key" if app else "team"
    taken = {str(guard["name"]) for guard in draft.guards}
    guard: Row = {
        "name": unique(word(f"models-of-{app or team}"), taken),
        "why": f"in LiteLLM this {whose} could use {', '.join(names[:6])}{' and more' if len(names) > 6 else ''}",
    }
    guard["when"] = {"team": team} | ({"app": app} if app else {})
    if handles:
        draft.guards.append({**guard, "handles": sorted(handles)})
        return
    draft.findings.say(
        "lost",
        str(guard["name"]),
        "none of the names that it may use was imported: it reaches nothing until you widen this guard",
    )
    draft.guards.append({**guard, "never": {"hosting": ["self", "hosted"]}})


def _tagged(draft: Draft, row: Mapping[str, Any], team: str, app: str | None) -> None:
    """Tags that its requests always carried become routes by team and app; a tag in the request goes before them."""
    metadata = row.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if not isinstance(tags, list) or not tags:
        return
    when = (("team", team), *((("app", app),) if app else ()))
    found = [(name, way) for _, name, way in draft.ways if _of_tags(way, tags)]
    for name, way in found:
        last = max(place for place, (_, other, _) in enumerate(draft.ways) if other == name)
        draft.ways.insert(last, (f"{name}-of-{app or team}", name, replace(way, when=when)))
    if not found:
        draft.findings.say(
            "not_carried", f"{team} {app or ''}".strip(), "tags of its requests, which no deployment asks for"
        )


def _of_tags(way: Way, tags: list[Any]) -> bool:
    wanted = dict(way.when).get("tag")
    return bool(set(map(str, tags)) & set(wanted if isinstance(wanted, tuple) else (wanted,)))


def _in_groups(group: Any, names: list[str]) -> bool:
    return any(set(map(str, listed(deployment.info.get("access_groups")))) & set(names) for deployment in group)


def _rest(draft: Draft, where: str, row: Mapping[str, Any]) -> None:
    told = {
        "max_parallel_requests": "requests at once were bounded: rates are per team and minute here",
        "model_max_budget": "a budget of one model: budgets are per team and app",
        "soft_budget": "a warning: alerts at 50, 80 and 100 % are shipped",
        "members_with_roles": "people and their roles: callers are keys here",
        "permissions": "has no word here",
        "guardrails": "guardrails of one caller: guards of `policy.yaml` can name a team or an app",
    }
    for option, words in told.items():
        if row.get(option):
            draft.findings.say("not_carried", f"{where}: {option}", words)


def _budget(draft: Draft, data: Mapping[str, Any], *, alone: bool) -> None:
    """Of all keys together: the budget of the one team, if there is one."""
    settings, path = data.get("litellm_settings") or {}, ("litellm_settings", "max_budget")
    if settings.get("max_budget") is None:
        return
    draft.findings.carried(("litellm_settings", "budget_duration"))
    usd, per = number(settings["max_budget"]), PERIODS.get(str(settings.get("budget_duration")))
    if usd is not None and per and alone and usd >= 0:
        next(iter(draft.teams.values()))["budget"] = {
            "usd": int(usd) if usd.is_integer() else usd,
            "per": per,
            "when_spent": "reject",
        }
        draft.findings.carried(path)
    else:
        why = "no budget stands above teams here" if not alone else "budgets here are per UTC day, week or month"
        draft.findings.tell(
            "lost",
            path,
            (
                f"bounded all keys together: {why}: none is written; the near thing is `budget: {{usd: …, "
                f"per: month}}` on each team"
            ),
        )


_OPEN = "there is none: LiteLLM let everybody in; here every caller needs a key: `gateway keys new --team imported`"
_LITERAL = (
    "LiteLLM does not expand this form: the key was that very text, known to everybody who reads the file; "
    "no key is made: `gateway keys new --team imported`"
)
_IS_KEY = "its SHA-256 is a key now, so clients keep theirs; it was also LiteLLM's admin password: here it only calls"


def _master(draft: Draft, data: Mapping[str, Any]) -> None:
    path: Path = ("general_settings", "master_key")
    raw = (data.get("general_settings") or {}).get("master_key")
    key = key_of(raw)
    if key.form == "absent":
        if not draft.keys:
            draft.findings.say("keys", "master_key", _OPEN)
        return
    if key.form == "unexpanded":
        draft.findings.tell("held_nothing", path, _LITERAL)
        return
    text = draft.said.variable(str(raw).removeprefix(REFERENCE)) if key.form == "variable" else str(raw)
    team = next(iter(draft.teams))
    if not text:
        words = (
            f"`{key.variable}` is not set here, so no key was made; set it and import again, and clients keep "
            f"their key, or `gateway keys new --team {team}`"
        )
        draft.findings.tell("keys", path, words)
        return
    id = unique("litellm-master", {str(row["id"]) for row in draft.keys})
    draft.keys.insert(0, {"id": id, "team": team, "sha256": digest(text)})
    draft.findings.tell("assumed", path, _IS_KEY)
