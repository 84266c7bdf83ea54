"""How the application and its server meet in an ASGI scope."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.data_plane.asgi import EXTENSION, exchange_of


def test_an_exchange_is_taken_out_of_the_scope_that_it_knows():
    exchange: Any = object()
    scope = {"type": "http", "extensions": {EXTENSION: exchange}}

    assert exchange_of(scope) is exchange
    assert scope["extensions"] == {}


@pytest.mark.parametrize("more", [{}, {"extensions": {}}, {"extensions": {"http.response.trailers": {}}}])
def test_another_server_is_told_what_it_lacks(more):
    with pytest.raises(RuntimeError, match=r"gateway serve.*entrepot\.exchange"):
        exchange_of({"type": "http", **more})
