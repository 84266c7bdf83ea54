"""Fields of Messages that are read alike towards both of OpenAI's dialects."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from gateway.errors import GatewayError
from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Untranslatable

MOST_NAME = 128  # characters of `safety_identifier`
_BUDGETS = ((4_096, "low"), (16_384, "medium"))  # below so many tokens of thinking; `high` above


def must_be_bounded(body: Body) -> None:
    """Messages want a bound on the output of every request. Raises GatewayError."""
    if body.get("max_tokens") is None:
        raise GatewayError("invalid_request", "`max_tokens` is missing", param="max_tokens")


def limit(value: Any, to: str, draft: Draft) -> None:
    """`max_tokens`, and the upstream's name for it."""
    if type(value) is not int:
        raise wrong("max_tokens", "a whole number")
    if value < 1:
        raise Untranslatable("max_tokens", "of 0 warms a cache of its vendor's, which the upstream has not")
    draft.body[to] = value


def schema_in(config: Body) -> Any:
    """Of `output_config.format`; None where it asks for none."""
    if config.get("format") is None:
        return None
    wanted = mapping(config["format"], "output_config.format")
    if wanted.get("type") != "json_schema":
        raise Untranslatable("output_config.format.type", "must be `json_schema`")
    known(wanted, frozenset({"type", "schema"}), "output_config.format")
    return wanted.get("schema")


def context(value: Any, draft: Draft) -> None:
    """`context_management`, which clients send where it edits nothing."""
    config = mapping(value, "context_management")
    known(config, frozenset({"edits"}), "context_management")
    for path, edit in items(config.get("edits") or [], "context_management.edits"):
        if edit.get("type") != "clear_thinking_20251015" or edit.get("keep") != "all":
            raise Untranslatable(path, "edits the context at its vendor, which the upstream cannot")
        known(edit, frozenset({"type", "keep"}), path)


def metadata(value: Any, draft: Draft) -> None:
    """Of it, `user_id`."""
    given = mapping(value, "metadata")
    known(given, frozenset({"user_id"}), "metadata")
    if given.get("user_id") is not None:
        user = text(given["user_id"], "metadata.user_id")
        draft.adapt("metadata.user_id", "user_id→safety_identifier")
        draft.body["safety_identifier"] = user if len(user) <= MOST_NAME else sha256(user.encode()).hexdigest()


def tier(value: Any, draft: Draft) -> None:
    """`service_tier`."""
    tiers = {"auto": "auto", "standard_only": "default"}
    if not isinstance(value, str) or value not in tiers:
        raise Untranslatable("service_tier", "must be `auto` or `standard_only`")
    draft.body["service_tier"] = tiers[value]


def effort_in(body: Body, draft: Draft, to: str) -> str | None:
    """`output_config.effort` says it exactly; a budget of thinking says it about. `to`: the upstream's word for it."""
    effort = mapping(body.get("output_config") or {}, "output_config").get("effort")
    thinking = mapping(body.get("thinking") or {}, "thinking")
    known(thinking, frozenset({"type", "budget_tokens", "display"}), "thinking")
    kind = thinking.get("type")
    if kind not in (None, "adaptive", "enabled", "disabled"):
        raise Untranslatable("thinking.type", "must be `adaptive`, `enabled` or `disabled`")
    if effort is None and kind == "disabled":
        effort = "none"
        draft.adapt("thinking", f"disabled→{to} none")
    elif effort is None and kind == "enabled":
        budget = thinking.get("budget_tokens")
        if type(budget) is not int:
            raise wrong("thinking.budget_tokens", "a whole number")
        effort = next((word for most, word in _BUDGETS if budget < most), "high")
        draft.adapt("thinking.budget_tokens", f"budget→{to} {effort}")
    if effort is None:
        return None
    if draft.upstream.can and "reasoning" not in draft.upstream.can:
        draft.adapt("thinking" if kind else "output_config.effort", "left out: the model does not reason")
        return None
    return text(effort, "output_config.effort")
