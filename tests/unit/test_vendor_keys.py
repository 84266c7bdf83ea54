"""Keys of vendors, as they stand in the environment."""

from __future__ import annotations

import pytest

from gateway.settings import vendor_key


@pytest.mark.parametrize("written", ["sk-one\nx-other: 1", "sk-\u20ac", "sk-\x00one"])
def test_a_key_that_no_header_can_carry_is_told_by_its_name_alone_and_not_used(written, monkeypatch, caplog):
    monkeypatch.setattr("os.environ", {"SOME_API_KEY": written})

    assert vendor_key("SOME_API_KEY") is None
    assert "SOME_API_KEY" in caplog.text
    assert "sk-" not in caplog.text


def test_spaces_around_a_key_are_no_part_of_it(monkeypatch):
    monkeypatch.setattr("os.environ", {"SOME_API_KEY": " sk-one \n", "NONE_API_KEY": "  "})

    assert (vendor_key("SOME_API_KEY"), vendor_key("NONE_API_KEY")) == ("sk-one", None)
