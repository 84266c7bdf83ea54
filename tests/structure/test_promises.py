"""docs/promises.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROMISES = re.findall(
    r"^\| .* \| `(.+?)::(\w+)` \|$", (TESTS.parent / "docs" / "promises.md").read_text(), re.MULTILINE
)


def test_every_line_names_a_test():
    lines = re.findall(r"^\| (?!promise)[^-].*$", (TESTS.parent / "docs" / "promises.md").read_text(), re.MULTILINE)

    assert len(lines) == len(PROMISES) > 30


@pytest.mark.parametrize(("file", "name"), PROMISES, ids=[name for _, name in PROMISES])
def test_the_test_of_a_promise_is_there(file, name):
    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text(), re.MULTILINE)
