"""The ledger's columns, each once: its type, how it is read from a record, how it is shown, whether it is personal.

To add one, add its line here: tables get it when they are next opened, and it is shown under its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

import msgspec

from gateway.outcome.priced import Priced
from gateway.policy.explain.rule_cost import RulePrices
from gateway.record.journal.entry import Entry
from gateway.record.journal.record import Decided, Place, Tried
from gateway.signals.table import TOPICS, personal_signals

T = TypeVar("T")
Type = Literal["text", "integer", "real", "moment", "money", "flag", "object", "list"]
_FREE = '{"all":0.0}'
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column. Objects and lists are kept as JSON, moments as seconds since the epoch, money exactly."""

    name: str
    type: Type
    read: Callable[[T], Any]
    shown: bool = True  # under its own name, beside the others
    personal: bool = False  # about the people behind a key: erased with it


class Attempt(msgspec.Struct, frozen=True):
    """What the columns of an attempt are read from."""

    request_id: str
    number: int  # from 1, in the order they were made
    tried: Tried
    place: Place


def attempts_of(entry: Entry) -> Iterable[Attempt]:
    """In the order they were made."""
    record = entry.record
    return [Attempt(record.request_id, n, tried, entry.place(tried)) for n, tried in enumerate(record.attempts, 1)]


def unblanked(text: str | None) -> str | None:
    """None for what was erased from the journal, which left blanks."""
    return text if text and not text.isspace() else None


def is_blank(value: object) -> bool:
    """True for a signal that was erased from the journal."""
    if not isinstance(value, list):
        return str(value).isspace()
    return any(text.isspace() for text in value) if value else False


def _decided(read: Callable[[Decided], Any]) -> Callable[[Entry], Any]:
    """None for what was stopped before a decision."""

    def column(entry: Entry) -> Any:
        decided = entry.record.decided
        return None if decided is None else read(decided)

    return column


def _signals(decided: Decided) -> str:
    """All but the personal ones. Sets of a record come as lists in any order."""
    personal = personal_signals()
    return _json(
        {
            name: sorted(value) if type(value) is list else value
            for name, value in decided.signals.items()
            if name not in personal
        }
    )


def _personal(decided: Decided) -> str | None:
    """Topics stand in declared order."""
    signals = decided.signals
    kept: dict[str, object] = {}
    for name in personal_signals():
        value = signals.get(name)
        if name not in signals or is_blank(value):
            continue
        kept[name] = sorted(value) if type(value) is list and value else value
    if not decided.coarse and isinstance(topics := kept.get("topic"), list):
        kept["topic"] = [topic for topic in TOPICS if topic in topics] if topics else topics
    return _json(kept) if kept else None


def _view(decided: Decided) -> str:
    view: dict[str, object] = {
        "at": decided.at,
        "draw": decided.draw,
        "frozen": decided.frozen,
        "conversation": decided.conversation,
        "max_tokens": decided.max_tokens,
    }
    if decided.canary is not None:
        view["canary"] = {"trial": decided.canary[0], "drawn": decided.canary[1]}
    return _json(view)


def _served(entry: Entry) -> str | None:
    served = entry.served_by
    return entry.place(served).endpoint if served else None


def _kept(entry: Entry) -> str | None:
    """Whose answer was given again."""
    kept = entry.record.kept
    if kept is None:
        return None
    return _json({"endpoint": entry.kept_place, "request_id": kept.request_id, "age_s": kept.age_s})


def _pieces(tried: Tried) -> str | None:
    """What was used beside tokens; None for most."""
    if tried.pieces is None:
        return None
    return _json({name: count for name, count in zip(PIECES, tried.pieces, strict=True) if count})


def _json(value: object) -> str:
    return _encode(value).decode()


def _usd(text: str | None) -> str | None:
    """Without an exponent."""
    return format(Decimal(text), "f") if text is not None and "E" in text else text


def _errors(priced: Priced) -> str | None:
    """Of the ratios of tokens, of how often the baseline answers, of this answer alone."""
    _, tokens, answers, own = msgspec.structs.astuple(priced.baseline)
    return f"[{tokens!r},{answers!r},{own!r}]" if tokens or answers or own else None


def rules_usd(rules: RulePrices) -> str:
    """What guards cost the request, each and all together; never empty, so that it tells what was priced."""
    if not (rules.marginal or rules.alone or rules.together):
        return _FREE
    return _json({"marginal": rules.marginal, "alone": rules.alone, "all": rules.together})


@lru_cache(maxsize=1024)
def _exposure(members: tuple[str, ...]) -> str:
    return _json(members)


REQUESTS: tuple[Column[Entry], ...] = (
    Column("request_id", "text", lambda e: e.record.request_id),
    Column("client_request_id", "text", lambda e: unblanked(e.record.client_request_id), personal=True),
    Column("at", "moment", lambda e: e.record.at),
    Column("ended_at", "moment", lambda e: e.record.ended_at),
    Column("team", "text", lambda e: e.record.team),
    Column("app", "text", lambda e: e.record.app),
    Column("key_id", "text", lambda e: unblanked(e.record.key_id), personal=True),
    Column("kind", "text", lambda e: e.record.kind, shown=False),  # these three are shown as signals
    Column("model", "text", lambda e: e.record.model, shown=False),
    Column("stream", "flag", lambda e: e.record.stream, shown=False),
    Column("route", "text", _decided(lambda decided: decided.route)),
    Column("policy_version", "text", lambda e: e.terms.version if e.terms else None),
    Column("signals", "object", _decided(_signals), shown=False),
    Column("personal_signals", "object", _decided(_personal), shown=False, personal=True),
    Column("removed", "object", lambda e: e.removed.json if e.removed else None),
    Column("proposed", "list", lambda e: e.order.json if e.order else None),
    Column("view", "object", _decided(_view)),
    Column("outcome", "text", lambda e: e.record.outcome),
    Column("denied_by", "text", lambda e: e.record.denied_by),
    Column("served_by", "text", _served, shown=False),  # its attempts say it
    Column("cost_usd", "money", lambda e: _usd(e.record.cost_usd)),
    Column("baseline_list_usd", "money", lambda e: _usd(e.record.baseline_list_usd)),
    Column("baseline_permitted", "flag", lambda e: e.record.baseline_permitted),
    Column("baseline_effective_usd", "real", lambda e: e.priced.baseline.usd if e.priced else None),
    Column("baseline_effective_errors_usd", "list", lambda e: _errors(e.priced) if e.priced else None),
    Column("rules_usd", "object", lambda e: rules_usd(e.priced.rules) if e.priced else None),
    Column("rerouted", "list", lambda e: _json(e.record.rerouted) if e.record.rerouted else "[]"),
    Column("passed_over", "object", lambda e: _json(dict(e.record.passed_over)) if e.record.passed_over else "{}"),
    Column("cache", "text", lambda e: e.record.cache or None),
    Column("kept", "object", _kept),
    Column("cache_saved_usd", "money", lambda e: _usd(e.record.kept.saved_usd) if e.record.kept else None),
    Column("overhead_s", "real", lambda e: e.record.overhead_s),
    Column("total_s", "real", lambda e: e.record.total_s),
)
ATTEMPTS: tuple[Column[Attempt], ...] = (
    Column("request_id", "text", lambda a: a.request_id, shown=False),
    Column("number", "integer", lambda a: a.number, shown=False),
    Column("endpoint", "text", lambda a: a.place.endpoint),
    Column("model", "text", lambda a: a.place.model),
    Column("operator", "text", lambda a: a.place.operator),
    Column("origin", "text", lambda a: a.place.origin),
    Column("exposure", "list", lambda a: _exposure(a.place.exposure)),
    Column("hosting", "text", lambda a: a.place.hosting),
    Column("purpose", "text", lambda a: a.tried.purpose),
    Column("outcome", "text", lambda a: a.tried.outcome),
    Column("failure", "text", lambda a: a.tried.failure),
    Column("status", "integer", lambda a: a.tried.status),
    Column("input_tokens", "integer", lambda a: a.tried.usage[0], shown=False),  # these seven are shown as `usage`
    Column("cached_tokens", "integer", lambda a: a.tried.usage[1], shown=False),
    Column("cache_write_tokens", "integer", lambda a: a.tried.usage[2], shown=False),
    Column("output_tokens", "integer", lambda a: a.tried.usage[3], shown=False),
    Column("reasoning_tokens", "integer", lambda a: a.tried.usage[4], shown=False),
    Column("audio_tokens", "integer", lambda a: a.tried.usage[5], shown=False),
    Column("estimated", "flag", lambda a: a.tried.usage[6], shown=False),
    Column("pieces", "object", lambda a: _pieces(a.tried), shown=False),  # shown in `usage`
    Column("cost_usd", "money", lambda a: _usd(a.tried.cost_usd)),
    Column("price_since", "text", lambda a: a.tried.price_since),
    Column("finish_reason", "text", lambda a: a.tried.finish_reason),
    Column("first_byte_s", "real", lambda a: a.tried.first_byte_s),
    Column("total_s", "real", lambda a: a.tried.total_s),
    Column("peer", "text", lambda a: a.tried.peer),
    Column("certificate", "text", lambda a: a.tried.certificate),
    Column("adapted", "list", lambda a: _json(a.tried.adapted) if a.tried.adapted else "[]"),
)
USAGE = (
    "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "audio_tokens",
)  # fmt: skip
PIECES = ("images", "audio_ms", "characters", "searches", "variant")
_OF_REQUEST = tuple([column.read for column in REQUESTS])
_OF_ATTEMPT = tuple([column.read for column in ATTEMPTS])


def request_row(entry: Entry) -> tuple[Any, ...]:
    """One row of `requests`, in the order of REQUESTS."""
    return tuple([read(entry) for read in _OF_REQUEST])


def attempt_rows(entry: Entry) -> list[tuple[Any, ...]]:
    """The rows of `attempts`, in the order of ATTEMPTS."""
    return [tuple([read(attempt) for read in _OF_ATTEMPT]) for attempt in attempts_of(entry)]
