"""A report as cells."""

import pytest

from gateway.report.table import plain_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", "-1+2+cmd|' /C calc'!A0", "-", "\t=1+1", "\r=1+1", "\n=1"])
def test_what_a_spreadsheet_would_reckon_is_quoted(text):
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-0.0125", "-3", "-1e-05", "1", "glm-5.3@zai", "x=1"])
def test_numbers_and_names_stay_as_they_are(text):
    assert plain_cell(text) == text
