"""Claims about simulated embeddings."""

from __future__ import annotations

import base64
import json
import struct
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.vendors import embeddings


@given(st.text(max_size=80))
def test_every_vector_has_length_one(text):
    assert isclose(sum(part * part for part in embeddings.vector(text)), 1, rel_tol=1e-9)


@pytest.mark.thorough
@given(st.text(max_size=40))
def test_packed_numbers_are_the_same_numbers(text):
    plain, packed = (
        json.loads(embeddings.reply({"input": text, "encoding_format": form}))["data"][0]["embedding"]
        for form in ("float", "base64")
    )

    unpacked = struct.unpack(f"<{embeddings.DIMENSIONS}f", base64.b64decode(packed))
    assert all(isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in zip(plain, unpacked, strict=True))
