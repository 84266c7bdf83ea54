"""A report as cells."""

import pytest

from gateway.report.table import plain_cell, readable


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", "-1+2+cmd|' /C calc'!A0", "-", "\t=1+1", "\r=1+1", "\n=1"])
def test_what_a_spreadsheet_would_reckon_is_quoted(text):
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-0.0125", "-3", "-1e-05", "1", "glm-5.3@zai", "x=1"])
def test_numbers_and_names_stay_as_they_are(text):
    assert plain_cell(text) == text


def test_readers_get_headings_with_units_and_digits_that_say_something():
    row = {"guard": "eu", "removed": 1234, "marginal_usd": "0.00671002", "rate": 0.12345, "first_byte_s": 0.31234}

    header, lines = readable({"rows": [row]})

    assert header == ["guard", "removed", "marginal, US$", "rate, %", "first byte, s"]
    assert lines == [["eu", "1,234", "0.00671", "12.3", "0.3123"]]
    whole = readable({"after_measuring": {"list_savings_usd": "1234.5678"}, "effective_interval_usd": ["0.1", "-2"]})
    assert whole[1] == [["after measuring: list savings, US$", "1,234.57"], ["effective interval, US$", "0.1 to −2.00"]]
