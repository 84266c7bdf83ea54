"""docs/promises.md and the threats of SECURITY.md name tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGES = {name: (TESTS.parent / name).read_text() for name in ("docs/promises.md", "SECURITY.md")}
NAMED = {page: re.findall(r"^\| .* \| `(.+?)::(\w+)` \|$", text, re.MULTILINE) for page, text in PAGES.items()}
PROMISES = sorted({promise for found in NAMED.values() for promise in found})


@pytest.mark.parametrize("page", PAGES)
def test_every_line_names_a_test(page):
    lines = re.findall(r"^\| (?!promise|threat)[^-].*$", PAGES[page], re.MULTILINE)

    assert len(lines) == len(NAMED[page]) > 30


@pytest.mark.parametrize(("file", "name"), PROMISES, ids=[name for _, name in PROMISES])
def test_the_test_of_a_promise_is_there(file, name):
    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text(), re.MULTILINE)
