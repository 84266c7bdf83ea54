"""What a route or an endpoint does to bodies on their way out: read from a file, and put together. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from gateway.catalog.auxiliary_shapes import ParametersShape
from gateway.catalog.rows import BodyField, Parameters
from gateway.interfaces import INTERFACES
from gateway.interfaces.spec import LIMITS

Complain = Callable[[str, tuple[str | int, ...], str], None]  # message, path below `parameters`, help
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")
_CALLERS = "what is asked is the caller's own"
_COUNTS = "how many answers there are is the caller's own"
_SAID: Mapping[str, str] = {
    "model": "the route says which model is asked",
    "stream": "how the reply comes is the caller's own",
    "stream_options": "how the reply comes is the caller's own",
    "n": _COUNTS,
    "best_of": _COUNTS,
    **dict.fromkeys(("messages", "input", "tools", "functions", "system", "instructions"), _CALLERS),
}


def parameters(
    shape: ParametersShape | None, body_fields: Sequence[BodyField], complain: Complain
) -> Parameters | None:
    """None for nothing; what may not be named there is complained of, and left out."""
    if shape is None:
        return None
    taken = _untouchable(body_fields)
    add = tuple(_added(shape.add or {}, taken, complain))
    drop = frozenset(_dropped(shape.drop or (), taken, complain))
    made = Parameters(add, shape.cap.max_tokens if shape.cap is not None else None, drop)
    return None if made == Parameters() else made


def _untouchable(body_fields: Sequence[BodyField]) -> Mapping[str, str]:
    """Why not, by name."""
    contents = {
        name: _CALLERS
        for each in INTERFACES.values()
        for name in (each.content, *each.content_elsewhere, *each.beside, *each.files)
    }
    moved = {row.path.split(".")[0].removesuffix("[]"): "it moves or keeps data elsewhere" for row in body_fields}
    return {**moved, **contents, **_SAID}


def _added(given: Mapping[str, object], taken: Mapping[str, str], complain: Complain) -> Iterator[tuple[str, bytes]]:
    for name, value in given.items():
        path = ("add", name)
        if not _may_be_named(name, taken, path, complain):
            continue
        if value is None:
            complain(f"`{name}` is given nothing", path, "write a value, or leave the field out by `drop`")
        elif name in LIMITS and not (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
            complain(f"`{name}` is a whole number above 0", path, "the most output tokens of one reply")
        else:
            yield name, json.dumps(value, ensure_ascii=False).encode()


def _dropped(given: Sequence[str], taken: Mapping[str, str], complain: Complain) -> Iterator[str]:
    for place, name in enumerate(given):
        if not _may_be_named(name, taken, ("drop", place), complain):
            continue
        if name in LIMITS:
            words = f"`{name}` bounds what a reply costs, and is not left out"
            complain(words, ("drop", place), "`cap: {max_tokens: …}` lowers it; which name it goes by is the wire's")
        else:
            yield name


def _may_be_named(name: str, taken: Mapping[str, str], path: tuple[str | int, ...], complain: Complain) -> bool:
    why = taken.get(name.lower())
    if why is not None:
        complain(f"`{name}` is no parameter: {why}", path, "remove it")
    elif not _NAME.fullmatch(name):
        complain("this is no name of a field", path, "letters, digits, `_`, `-` and `.`")
    else:
        return True
    return False


@lru_cache(maxsize=4096)
def together(route: Parameters | None, endpoint: Parameters | None) -> Parameters | None:
    """The route's, then the endpoint's: what the endpoint drops is not added, of two bounds the tighter holds."""
    if route is None or endpoint is None:
        return route or endpoint
    own = dict(endpoint.add)
    kept = {name: value for name, value in route.add if name not in endpoint.drop}
    caps = [cap for cap in (route.max_tokens, endpoint.max_tokens) if cap is not None]
    return Parameters(tuple({**own, **kept}.items()), min(caps, default=None), route.drop | endpoint.drop)
