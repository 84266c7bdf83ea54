"""How long a WAV file plays, whatever its caller wrote into its head."""

from __future__ import annotations

import struct

import pytest

from gateway.sound import length_ms


def wav(*chunks: tuple[bytes, bytes], claims: int | None = None) -> bytes:
    body = b""
    for name, content in chunks:
        size = claims if claims is not None and name == b"data" else len(content)
        body += name + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)
    return b"RIFF\0\0\0\0WAVE" + body


def form(rate: int) -> tuple[bytes, bytes]:
    return b"fmt ", struct.pack("<HHIIHH", 1, 1, rate, rate, 1, 8)


SECOND = (b"data", b"\0" * 8_000)


@pytest.mark.parametrize(("file", "ms"), [
    (wav(form(8_000), SECOND), 1_000), (wav((b"LIST", b"odd"), form(8_000), SECOND), 1_000),
    (wav(form(16_000), SECOND), 500), (wav(form(8_001), SECOND), 1_000),  # rather too long
    (wav(form(8_000), SECOND, claims=0), 1_000), (wav(form(8_000), SECOND, claims=2**32 - 1), 1_000),
    (wav(form(2**32 - 1), SECOND), 21),  # no sound has so many bytes a second
    (wav(form(8_000), (b"data", b"")), 0),
])  # fmt: skip
def test_a_wave_plays_as_long_as_its_bytes_last(file, ms):
    assert length_ms(file) == ms


@pytest.mark.parametrize("file", [
    b"", b"ID3", b"RIFF\0\0\0\0AVI ", b"RIFF\0\0\0\0WAVE", wav(SECOND), wav(form(0), SECOND), wav(form(8_000)),
    wav(*[(b"junk", b"")] * 40, form(8_000), SECOND), b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0",
])  # fmt: skip
def test_what_does_not_say_how_long_it_plays_has_no_length(file):
    assert length_ms(file) is None
