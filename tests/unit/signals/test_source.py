"""Where clients say that a text comes from: one spelling for each place, and tests that take globs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.data_plane.asgi import headers, sources_of
from gateway.policy.evaluate import holds
from gateway.policy.rules import Term, path_glob
from gateway.signals.source import measure, normalised
from gateway.signals.value import UNKNOWN

PARTS = st.lists(st.sampled_from(["a", "b.md", "..", ".", "", "%2e%2e", "ä"]), max_size=8)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("clients/acme/brief.md", "clients/acme/brief.md"),
        ("./clients//acme/./brief.md", "clients/acme/brief.md"),
        ("docs/public/../../clients/acme", "clients/acme"),
        ("docs/%2e%2e/clients", "clients"),
        ("docs/%252e%252e/clients", "clients"),
        ("docs\\public\\a.md", "docs/public/a.md"),
        ("/srv/x/", "/srv/x"),
        ("HTTPS://Wiki.example/a/../b", "https://wiki.example/b"),
        ("https://ann:hunter2@wiki.example/b", "https://wiki.example/b"),
        ("cli\u200bents/acme", "clients/acme"),
        ("../clients", None),
        ("a/../../b", None),
        ("https://wiki.example/../b", None),
        ("%ff/a", None),
        ("a\x00b", None),
        ("x" * 3000, None),
    ],
)
def test_each_place_is_spelled_in_one_way(said, place):
    assert normalised(said) == place


def test_one_that_climbs_makes_the_whole_unknown():
    assert measure(["docs/public/a.md", "../b"]) is UNKNOWN
    assert measure([f"{n}" for n in range(101)]) is UNKNOWN
    assert measure([]) == measure([" "]) == frozenset()


@given(PARTS)
def test_no_place_climbs_and_none_changes_twice(parts):
    place = normalised("/".join(parts))

    if place is not None:
        assert ".." not in place.split("/")
        assert normalised(place) == place


def test_headers_are_kept_apart_and_may_hold_commas():
    scope = {"headers": [(b"x-gateway-source", b"a, b.md"), (b"x-gateway-source", "ä".encode())]}

    assert sources_of(headers(scope, frozenset({b"x-gateway-source"}))) == ("a, b.md", "ä")
    assert sources_of({}) == ()


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("clients/**", ["clients", "clients/a", "clients/a/b.md"], ["client", "a/clients/b", "clientsx"]),
        ("clients/*", ["clients/a"], ["clients/a/b", "clients"]),
        ("**/.env*", [".env", ".env.production", "a/b/.env"], ["a/.env/x", "a.env"]),
        ("**/secret/**", ["secret", "a/secret/b", "secret/x"], ["a/secrets/b"]),
        ("*.md", ["a.md"], ["a/b.md", "axmd"]),
        ("**", ["a", "a/b", ""], []),
    ],
)
def test_a_star_stays_inside_a_part_and_two_do_not(pattern, taken, left):
    glob = path_glob(pattern)

    assert [bool(glob.match(path)) for path in taken + left] == [True] * len(taken) + [False] * len(left)


def test_one_of_several_sources_is_enough():
    test = holds(Term(frozenset({"b"}), globs=("clients/**",), paths=True))

    assert test(frozenset({"docs/a", "clients/acme/x"}))
    assert test(frozenset({"b"}))
    assert not test(frozenset({"docs/clients"}))
    assert not test(frozenset())
