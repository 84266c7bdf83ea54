"""What headers of a caller ask for."""

from __future__ import annotations

import pytest

from gateway.data_plane.asgi import is_strict


@pytest.mark.parametrize(("said", "expected"), [
    (None, False), ("", False), ("false", False), ("False", False),
    ("true", True), ("TRUE", True), ("1", True), ("yes", True), ("false, true", True),
])  # fmt: skip
def test_a_wish_that_nothing_is_adapted_is_not_lost_by_how_it_is_written(said, expected):
    assert is_strict(said) is expected
