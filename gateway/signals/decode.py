"""One field of a request body, which arrives as JSON that is only decoded when something asks for it."""

from __future__ import annotations

from typing import cast

import msgspec


def decoded(value: object) -> object:
    """The Python value of a field; None where the JSON is broken, so that signals stay total."""
    if not isinstance(value, msgspec.Raw):
        return value
    try:
        return cast(object, msgspec.json.decode(value))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
