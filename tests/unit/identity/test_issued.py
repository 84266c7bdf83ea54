"""Laws of issued keys: rows merge whatever came first, an end never moves away, and odd stores let nobody in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import reduce

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.identity import Issued, IssuedKey, Keyring, Team, digest, identify
from gateway.identity.issued import End, Rows, by_hash, merged, parsed, written

KEYS = ["key-one", "key-two"]
TEAMS = {name: Team(name, "any", "public", frozenset(), None, None) for name in ("red", "blue")}
KEYRING = Keyring({}, TEAMS, frozenset())
TIMES = st.sampled_from([0.0, 10.0, 20.5])


@st.composite
def issued(draw: st.DrawFn) -> IssuedKey:
    end: End | None = draw(st.sampled_from([None, "revoked", "rotated", "expired", "erased"]))
    known = end != "erased" and draw(st.booleans() if end else st.just(True))
    return IssuedKey(
        digest(draw(st.sampled_from(KEYS))),
        draw(st.sampled_from(["maria", "bot"])) if known else None,
        draw(st.sampled_from(["red", "blue", "gone"])) if known else None,
        draw(st.sampled_from([None, "app"])) if known else None,
        draw(TIMES) if known else 0.0,
        "olga" if known else None,
        None if end is None else 0.0 if end == "erased" else draw(TIMES),
        end,
    )


ROWS = st.lists(issued(), max_size=6)


def lets_in(rows: Rows, key: str, at: float, problem: str | None = None) -> str | None:
    try:
        return identify(key, KEYRING, at, Issued(rows, problem)).key_id
    except GatewayError:
        return None


@given(rows=ROWS, data=st.data())
@pytest.mark.thorough
def test_rows_merge_in_whatever_order_and_however_often(rows, data):
    others = data.draw(st.permutations(rows)) + data.draw(
        st.lists(st.sampled_from(rows), max_size=3) if rows else st.just([])
    )
    one_by_one: Rows = reduce(lambda known, row: merged(known, {row.sha256: row}), others, {})

    assert by_hash(rows) == dict(one_by_one)
    assert merged(one_by_one, one_by_one) == one_by_one


@given(rows=ROWS, more=ROWS, key=st.sampled_from(KEYS), at=st.sampled_from([0.0, 5.0, 10.0, 15.0, 30.0]))
@pytest.mark.thorough
def test_a_key_that_has_ended_somewhere_is_let_in_nowhere_that_heard_of_it(rows, more, key, at):
    ended = any(row.sha256 == digest(key) and row.ended(at) for row in rows)
    known = merged(by_hash(more), by_hash(rows))

    if ended:
        assert lets_in(known, key, at) is None
    if any(row.sha256 == digest(key) and row.end == "erased" for row in rows):
        assert not {"maria", "bot"} & {known[digest(key)].id, known[digest(key)].made_by}


@pytest.mark.thorough
@given(rows=ROWS, key=st.text() | st.sampled_from(KEYS), at=TIMES)
def test_nobody_is_let_in_who_has_no_whole_row_or_while_rows_cannot_be_read(rows, key, at):
    known = by_hash(rows)
    row = known.get(digest(key))

    assert lets_in(known, key, at, "a line cannot be read") is None
    if row is None or row.team not in TEAMS:
        assert lets_in(known, key, at) is None


@pytest.mark.thorough
@given(row=issued(), cut=st.integers(0, 300), junk=st.binary(max_size=3))
def test_a_row_is_read_as_it_was_written_and_half_a_row_is_none(row, cut, junk):
    line = written(row)

    assert parsed(line) == row
    assert cut >= len(line) or parsed(line[:cut]) is None
    assert junk.strip() == b"" or parsed(line + junk) is None


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "null",
        '{"sha256": "' + "a" * 64 + '"}',  # neither whose it is nor that it ended
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "ends_at": 1e400, "end": "revoked"}',
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "ends_at": NaN, "end": "revoked"}',
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "ends_at": 1' + "0" * 400 + ', "end": "revoked"}',
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "ends_at": true, "end": "revoked"}',
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "ends_at": 1.0}',
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "end": "revoked"}',
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "end": "later", "ends_at": 1.0}',
        '{"sha256": "' + "a" * 64 + '", "id": ["x"], "team": "t"}',
        '{"sha256": "' + "A" * 64 + '", "id": "x", "team": "t"}',
        '{"sha256": "' + "a" * 64 + '", "id": "x", "team": "t", "until": 1.0}',  # of a later release
        "[" * 100_000,
    ],
    ids=str,
)
def test_what_is_no_row_is_none(line):
    assert parsed(line) is None


@given(st.dates(min_value=date(1970, 1, 2)))
@example(date.max)
def test_a_key_may_end_on_any_day_and_its_row_is_read_again(day):
    ends_at = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    row = IssuedKey(digest("key-one"), "bot", "red", None, 1.0, "olga", ends_at, "expired")

    assert parsed(written(row)) == row
