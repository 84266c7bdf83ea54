"""Claims about names that an object gives twice: however they are spelled and wherever they stand, they are found."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.signals.names import check_names, repeats

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=':"\\\\uaé3', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet=":ab", max_size=2), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "written",
    [
        b'[{"role":"user","content":"secret","content":"hi"}]',
        b'[{"role":"user","content":"secret","conten\\u0074":"hi"}]',
        b'[{"content":"secret","content":"hi\\u003a"}]',
        b'{"a":{"b":[{"type":"web_search","type":"function"}]}}',
    ],
)
def test_a_name_given_twice_is_found(written):
    assert repeats(written)


@pytest.mark.thorough
@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_json_that_gives_every_name_once_passes(value, ascii_only, indent):
    assert not repeats(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode())


@pytest.mark.thorough
@given(JSON, st.booleans())
def test_a_name_repeated_anywhere_is_found_whatever_else_is_said(value, ascii_only):
    told = json.dumps(value, ensure_ascii=ascii_only)

    assert repeats(f'[{told}, {{"content": {told}, "content": "hi"}}]'.encode())


def test_the_field_is_named():
    with pytest.raises(GatewayError, match="`messages` holds an object that gives a name twice") as caught:
        check_names({"model": msgspec.Raw(b'"x"'), "messages": msgspec.Raw(b'[{"role":"user","role":"user"}]')})

    assert caught.value.param == "messages"
