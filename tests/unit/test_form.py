"""A form of very many boundaries is refused before it is cut at each of them."""

from __future__ import annotations

import tracemalloc

import pytest

from gateway.errors import GatewayError
from gateway.form import parse_form


def test_a_body_of_boundaries_alone_takes_no_memory_for_each():
    body = b"--a" * 100_000
    tracemalloc.start()
    with pytest.raises(GatewayError, match="more than 100 parts"):
        parse_form(body, "multipart/form-data; boundary=a")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 2 * len(body)
