"""Who is let near the console and the metrics."""

from __future__ import annotations

import pytest

from gateway.data_plane.doorkeeper import BURST, MOST_ADDRESSES, Guesses, name_of, names_loopback, same_token
from gateway.errors import GatewayError

OURS = ["localhost", "LocalHost", "localhost:8080", "127.0.0.1", "127.0.0.1:1", "127.9.9.9:80", "[::1]", "[::1]:8080"]
OTHERS = [
    None, "", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::1]evil.com", "[::1]x", "[::1",
    "[::1]:80@evil", "localhost:80@evil", "localhost, evil", "localhost:", "localhost:x", "localhost.", "127.1",
    "0.0.0.0", "[::]", "user@localhost", "localhost/..", "localhost\x00", " localhost", "127.0.0.1 evil", "2130706433",
    "[::1]:80:80", "[127.0.0.1]x", "::1", "localhost\n", "\uff4cocalhost", "[fe80::1%25lo]", "[::ffff:1.2.3.4]",
]  # fmt: skip


def is_token(guesses: Guesses, given: str, wanted: str, address: str, at: float) -> bool:
    return guesses.owner(given, lambda token: same_token(token, wanted) or None, address, at) is not None


@pytest.mark.parametrize("host", OURS)
def test_names_of_loopback_are_ours(host):
    assert names_loopback(host)


@pytest.mark.parametrize("host", OTHERS)
def test_every_other_name_is_not(host):
    assert not names_loopback(host)


def test_a_name_loses_its_port_and_brackets_and_nothing_else():
    assert (name_of("[2001:DB8::1]:80"), name_of("Gate.Example:443"), name_of("a b")) == (
        "2001:db8::1",
        "gate.example",
        None,
    )


def test_who_guesses_waits_and_is_not_listened_to_meanwhile_and_others_are():
    guesses = Guesses()
    for _ in range(BURST):
        assert not is_token(guesses, "wrong", "right", "9.9.9.9", 100.0)

    with pytest.raises(GatewayError, match="too many wrong tokens") as stopped:
        is_token(guesses, "right", "right", "9.9.9.9", 100.0)

    assert stopped.value.status == 429 and 0 < (stopped.value.retry_after_s or 0) <= 1
    assert is_token(guesses, "right", "right", "8.8.8.8", 100.0)
    assert is_token(guesses, "right", "right", "9.9.9.9", 101.0)


def test_neighbours_in_one_ipv6_network_guess_together():
    guesses = Guesses()
    for n in range(BURST):
        is_token(guesses, "wrong", "right", f"2001:db8::{n:x}", 0.0)

    with pytest.raises(GatewayError):
        is_token(guesses, "wrong", "right", "2001:db8::ffff", 0.0)


def test_no_token_is_no_guess():
    guesses = Guesses()
    for _ in range(3 * BURST):
        assert not is_token(guesses, "", "right", "9.9.9.9", 0.0)


def test_the_addresses_that_are_kept_are_bounded():
    guesses = Guesses()
    for n in range(2 * MOST_ADDRESSES):
        is_token(guesses, "wrong", "right", f"10.0.{n // 256}.{n % 256}", 0.0)

    assert len(guesses._left) == MOST_ADDRESSES
