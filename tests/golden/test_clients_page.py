"""docs/clients.md shows the scripts that are run, and every client has one, with its lock."""

from __future__ import annotations

import pytest

from clients import environments, page
from clients.environments import HERE
from clients.table import CLIENTS


def test_the_page_of_clients_shows_what_is_run():
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run `python -m clients.page`"


@pytest.mark.parametrize("name", [client.name for client in CLIENTS])
def test_a_client_shows_its_setting(name):
    shown = "\n".join(page.settings(name))

    assert environments.URL in shown
    assert environments.KEY in shown


def test_no_script_of_a_client_is_left_out():
    assert {path.parent.name for path in HERE.glob("*/client.*")} == {client.name for client in CLIENTS}
