"""What most fields of a body come to, for the tables of translators: one row a field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gateway.upstreams.translate.reading import Draft
from gateway.upstreams.translate.spec import Body, Untranslatable

Field = Callable[[Any, Draft], None]  # a value that is not null, and where it goes
NO_PLACE = "has no place in the upstream's dialect"


def fill(body: Body, draft: Draft, fields: Mapping[str, Field], *, but: Collection[str]) -> None:
    """Each field by its row, `but` those that are read elsewhere. Raises Untranslatable for one that has no row."""
    for name, value in body.items():
        if name in but or value is None:
            continue
        field = fields.get(name)
        if field is None:
            raise Untranslatable(str(name), NO_PLACE)
        field(value, draft)


def same(name: str, to: str | None = None) -> Field:
    """Carried as it is."""

    def carry(value: Any, draft: Draft) -> None:
        draft.body[to or name] = value

    return carry


def never(name: str, why: str = NO_PLACE) -> Field:
    """Refused."""

    def refuse(value: Any, draft: Draft) -> None:
        raise Untranslatable(name, why)

    return refuse


def only(name: str, *rest: object, why: str = f"{NO_PLACE}; leave it out") -> Field:
    """Refused unless it asks for what happens anyway: one of `rest`."""

    def ask(value: Any, draft: Draft) -> None:
        if not any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in rest):
            raise Untranslatable(name, why)

    return ask


def nothing(value: Any, draft: Draft) -> None:
    """A hint about prices, or what is read elsewhere: it does not change the answer."""
