"""How many are asked for, as leniently as a vendor may read it: too much is expected rather than too little."""

from __future__ import annotations

import pytest

from gateway.interfaces.counts import MOST, number


@pytest.mark.parametrize(("said", "expected"), [
    (5, 5), (5.9, 5), ("5", 5), (" 5\n", 5), ("+5", 5), ("5.0", 5), ("5e1", 50), ("\uff15", 5),
    (10**40, MOST), (1e300, MOST), ("1" * 5_000, MOST), ("inf", MOST),
    (None, 1), (True, 1), (0, 1), (-3, 1), ("-3", 1), ("nan", 1), ("five", 1), ("", 1), ([5], 1),
])  # fmt: skip
def test_a_number_is_read_however_it_is_written_and_never_as_less(said, expected):
    assert number({"n": said}, "n") == expected
