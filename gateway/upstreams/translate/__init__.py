"""Pure translators between dialects: a request on its way out, a reply (whole or event by event) on its way back."""

from __future__ import annotations
