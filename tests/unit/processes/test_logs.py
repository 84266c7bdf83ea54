"""One line a record, whatever is in it, as text and as JSON."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.processes.logs import JsonLines, TextLines


def record(message: str, *given: object) -> logging.LogRecord:
    made = logging.LogRecord("gateway.x", logging.WARNING, "x.py", 1, message, given, None)
    made.created = 1_795_000_000.25
    return made


@given(st.text(max_size=60))
def test_no_text_begins_a_line_of_its_own(text):
    for form in (TextLines(), JsonLines()):
        assert len(form.format(record("%s", text)).splitlines()) == 1


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_json_says_what_was_said(text):
    said = json.loads(JsonLines().format(record("vendor: %s", text)))

    assert said["message"] == f"vendor: {text}"
    assert said.keys() == {"at", "level", "logger", "process", "message"}
    assert (said["at"], said["level"]) == ("2026-11-18T11:06:40.250Z", "warning")


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
def test_a_traceback_follows(form):
    made = record("went wrong")
    try:
        raise ValueError("so")
    except ValueError:
        made.exc_info = sys.exc_info()

    assert "ValueError: so" in form.format(made)


def test_text_says_when_how_bad_who_and_what():
    assert TextLines().format(record("a\nb\x1b[2J")) == r"2026-11-18T11:06:40.250Z WARNING gateway.x: a\nb\x1b[2J"
