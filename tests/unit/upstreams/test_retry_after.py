"""When vendors want to be asked again."""

import pytest

from gateway.upstreams.retry_after import retry_after_s

NOW = (b"date", b"Sun, 22 Nov 2026 11:00:00 GMT")
SAID = {
    "nothing": ([], None),
    "seconds": ([(b"retry-after", b"12")], 12.0),
    "part_of_a_second": ([(b"retry-after", b"0.5")], 0.5),
    "milliseconds_first": ([(b"retry-after", b"1"), (b"retry-after-ms", b"250")], 0.25),
    "a_date": ([NOW, (b"retry-after", b"Sun, 22 Nov 2026 11:00:30 GMT")], 30.0),
    "a_date_that_is_past": ([NOW, (b"retry-after", b"Sun, 22 Nov 2026 10:00:00 GMT")], 0.0),
    "a_date_without_the_vendors_clock": ([(b"retry-after", b"Sun, 22 Nov 2026 11:00:30 GMT")], None),
    "far_too_long": ([(b"retry-after", b"999999")], 600.0),
    "below_zero": ([(b"retry-after", b"-5")], 0.0),
    "no_number": ([(b"retry-after", b"nan")], None),
    "infinity": ([(b"retry-after", b"inf")], None),
    "nonsense": ([(b"retry-after", b"soon")], None),
    "bytes_beyond_ascii": ([(b"retry-after", b"\xff\xfe")], None),
    "tokens_are_spent": (
        [
            (b"x-ratelimit-remaining-requests", b"3"),
            (b"x-ratelimit-reset-requests", b"1s"),
            (b"x-ratelimit-remaining-tokens", b"0"),
            (b"x-ratelimit-reset-tokens", b"1m20s"),
        ],
        80.0,
    ),
    "milliseconds_of_a_duration": (
        [(b"x-ratelimit-remaining-tokens", b"0"), (b"x-ratelimit-reset-tokens", b"20ms")],
        0.02,
    ),
    "a_point_in_time": ([NOW, (b"x-ratelimit-reset", b"1795345260")], 60.0),
    "a_point_in_time_in_milliseconds": ([NOW, (b"x-ratelimit-reset", b"1795345260000")], 60.0),
    "a_point_without_the_vendors_clock": ([(b"x-ratelimit-reset", b"1795345260")], None),
    "plain_seconds_to_the_reset": ([(b"ratelimit-reset", b"9")], 9.0),
}


@pytest.mark.parametrize(("headers", "expected"), SAID.values(), ids=SAID)
def test_what_a_vendor_says_is_read(headers, expected):
    assert retry_after_s(headers) == expected
