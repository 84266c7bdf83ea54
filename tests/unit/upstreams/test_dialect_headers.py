"""Headers that choose features: some go upstream, the others are named, none is passed on as it came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.dialect_headers import CARRIED, carried, options_of

CLAUDE_CODE = "claude-code-20250219,interleaved-thinking-2025-05-14, context-management-2025-06-27"


def options(**headers: str):
    return options_of({name.replace("_", "-").encode(): value for name, value in headers.items()})


def test_features_with_a_row_go_to_who_speaks_messages():
    kept, left_out = carried(options(anthropic_beta=CLAUDE_CODE, anthropic_version="2023-06-01"), "anthropic")

    assert kept == (("anthropic-beta", CLAUDE_CODE.replace(" ", "")),)
    assert left_out == ()


@pytest.mark.parametrize("api", ["openai", "openai_responses"])
def test_other_wires_get_none_and_one_name_says_so(api):
    assert carried(options(anthropic_beta=CLAUDE_CODE), api) == ((), ("anthropic-beta(left out)",))


@pytest.mark.parametrize("word", ["oauth-2025-04-20", "managed-agents-2026-04-01", "server-side-fallback-2026-07-01",
                                  "files-api", "x-2025-01-01"])  # fmt: skip
def test_a_feature_without_a_row_is_left_out_by_name(word):
    assert carried(options(anthropic_beta=word), "anthropic") == ((), (f"anthropic-beta({word} left out)",))


def test_what_says_nothing_is_ignored_and_what_might_is_named():
    assert carried(options(openai_beta="responses=experimental"), "openai_responses") == ((), ())
    assert carried(options(openai_beta="assistants=v2"), "openai") == ((), ("openai-beta(left out)",))
    assert carried(options(anthropic_version="2023-01-01"), "anthropic")[1] == ("anthropic-version(→2023-06-01)",)
    assert options(anthropic_version="2023-06-01", anthropic_beta="") == ()


@pytest.mark.parametrize(
    ("newest", "goes"), [("2026-10-21", "2026-10-21"), ("2027-01-01", "2026-10-21"), ("2023-06-01", None)]
)
def test_a_newer_version_goes_to_who_takes_it_and_is_no_loss_elsewhere(newest, goes):
    kept, left_out = carried(options(anthropic_version="2026-10-21"), "anthropic", newest)

    assert dict(kept).get("anthropic-version") == goes and left_out == ()
    assert carried(options(anthropic_version="2026-10-21"), "openai", newest) == ((), ())


@pytest.mark.parametrize("version", ["2024-01-01", "2026-10-22", "2026-10-21x", "x", "9"])
def test_a_version_that_nobody_reads_here_goes_to_nobody(version):
    kept, left_out = carried(options(anthropic_version=version), "anthropic", "2027-01-01")

    assert kept == () and left_out == ("anthropic-version(→2023-06-01)",)


@given(st.text(max_size=80), st.sampled_from(["anthropic", "openai"]))
def test_no_value_of_a_caller_goes_on_that_has_no_row(text, api):
    kept, left_out = carried(options(anthropic_beta=text, openai_beta=text), api)
    words = [word for _, value in kept for word in value.split(",")]

    assert all(any(word.startswith(name) for name in CARRIED) for word in words)
    assert all(name.isprintable() and name.isascii() for name in left_out)
