"""The log of all processes of a gateway: one line a record, as text or as JSON with the same members each time."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]
# What would begin a new line, or move the cursor of who reads it in a terminal.
_SPOKEN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}
_SPOKEN |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}

_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(127, 160), 0x2028, 0x2029)}  # what JSON itself lets stand


def set_up(level: str, form: Format) -> None:
    """Once in the process that starts the others, which go on with it; to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextLines(logging.Formatter):
    """`2026-11-28T01:02:03.004Z WARNING gateway.x: what happened`; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage().translate(_SPOKEN)
        line = f"{_at(record)} {record.levelname} {record.name}: {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """`at` (RFC 3339, UTC), `level`, `logger`, `process` (its number), `message`; `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        members = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            members["traceback"] = self.formatException(record.exc_info)
        return json.dumps(members, ensure_ascii=False).translate(_ESCAPED)
