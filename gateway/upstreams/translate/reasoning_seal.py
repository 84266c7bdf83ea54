"""The mark on reasoning that came through this gateway: a later turn may bring it back to the model that thought it.

Chat's `reasoning_content` carries no signature; the dialects that ask for one get this. It is no secret and proves
nothing: whoever forges it gets its own words into its own conversation, which it could anyway.
"""

from __future__ import annotations

MARK = "entrepot-reasoning-1"


def is_ours(signature: object) -> bool:
    """Of a thinking block in a history."""
    return signature == MARK
