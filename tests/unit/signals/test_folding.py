"""Claims about the shipped folding table."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.signals import folding
from training import folding as built


@pytest.mark.thorough
def test_the_shipped_table_is_what_its_script_builds():
    table, kinds = built.build()

    np.testing.assert_array_equal(folding.table(), table)
    np.testing.assert_array_equal(folding.kinds(), kinds)
