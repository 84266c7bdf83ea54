"""Every body with every status is classified, and keys that a vendor echoes stay unseen."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upstreams.failures import classify

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "code", "type", "message", "metadata", "raw", "base_resp", "status_code", "detail"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"retry-after", b"retry-after-ms", b"date", b"x-ratelimit-reset"]), st.binary(max_size=20)
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(st.integers(100, 599), JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200), HEADERS)
def test_every_failure_is_classified(status, body, headers):
    failure = classify((), "acme", status, body, headers)

    assert failure.kind
    assert failure.passes_through == (failure.kind in ("bad_request", "too_large"))
    assert failure.retry_after_s is None or 0 <= failure.retry_after_s <= 600


@pytest.mark.parametrize("status", [401, 402, 403, 404])
@settings(max_examples=100, deadline=None)
@given(JSON)
def test_no_word_of_a_vendor_about_our_key_is_shown(status, body):
    assert classify((), "acme", status, json.dumps(body).encode(), ()) == classify((), "acme", status, b"", ()) or (
        classify((), "acme", status, json.dumps(body).encode(), ()).kind in ("overloaded", "rate_limited")
    )
