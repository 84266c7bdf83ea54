"""Reasoning that came through this gateway: a later turn may bring it back to the model that thought it.

Chat's `reasoning_content` carries no signature; the dialects that ask for one get a mark. What Messages or Responses
signed, or encrypted, travels whole in the field that the other dialect has for such. The mark and the wrapping are no
secret and prove nothing: whoever forges them gets its own words into its own conversation, which it could anyway.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

MARK = "entrepot-reasoning-1"


def is_ours(signature: object) -> bool:
    """Of a thinking block in a history, whose words are all there is."""
    return signature == MARK


def is_marked(value: object) -> bool:
    """Of a signature or encrypted content: no vendor made it, and none can read it."""
    return isinstance(value, str) and value.startswith(MARK)


def wrapped(thought: Mapping[str, Any], vendor: str) -> str:
    """A block of Messages or an item of Responses, as a signature, or as encrypted content, of the other."""
    return _prefix(vendor) + b64encode(msgspec.json.encode(thought)).decode()


def unwrapped(value: object, *types: str, vendor: str) -> Mapping[str, Any] | None:
    """What `wrapped` was given, if it was that, of one of these types and this vendor: no other can read it."""
    if not isinstance(value, str) or not value.startswith(_prefix(vendor)):
        return None
    try:
        read = msgspec.json.decode(b64decode(value.removeprefix(_prefix(vendor)), validate=True))
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) and read.get("type") in types else None


def _prefix(vendor: str) -> str:
    return f"{MARK}:{vendor}:"
