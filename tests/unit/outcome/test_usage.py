"""Usage blocks as vendors write them."""

from typing import Any

import pytest

from gateway.catalog.prices import Usage
from gateway.outcome.usage import in_parts, missing_half, read_usage

ROWS: dict[str, tuple[dict[str, Any], Usage | None]] = {
    "OpenAI with cache and reasoning": (
        {
            "prompt_tokens": 120,
            "completion_tokens": 80,
            "total_tokens": 200,
            "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
        Usage(input_tokens=120, cached_tokens=64, output_tokens=80, reasoning_tokens=30),
    ),
    "DeepSeek's own cache fields": (
        {"prompt_tokens": 100, "completion_tokens": 9, "prompt_cache_hit_tokens": 40, "prompt_cache_miss_tokens": 60},
        Usage(input_tokens=100, cached_tokens=40, output_tokens=9),
    ),
    "Moonshot's cached tokens at the top": (
        {"prompt_tokens": 50, "completion_tokens": 5, "cached_tokens": 20},
        Usage(input_tokens=50, cached_tokens=20, output_tokens=5),
    ),
    "xAI counts reasoning beside the completion": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 45,
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
        Usage(input_tokens=10, output_tokens=35, reasoning_tokens=30),
    ),
    "Anthropic counts cached tokens beside the input": (
        {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 5, "output_tokens": 7},
        Usage(input_tokens=115, cached_tokens=100, cache_write_tokens=5, output_tokens=7),
    ),
    "OpenAI's responses": (
        {
            "input_tokens": 36,
            "input_tokens_details": {"cached_tokens": 12},
            "output_tokens": 87,
            "output_tokens_details": {"reasoning_tokens": 40},
        },
        Usage(input_tokens=36, cached_tokens=12, output_tokens=87, reasoning_tokens=40),
    ),
    "the total tells what the prompt was": (
        {"completion_tokens": 5, "total_tokens": 9},
        Usage(input_tokens=4, output_tokens=5),
    ),
    "explicit zeros are believed": ({"prompt_tokens": 0, "completion_tokens": 0}, Usage()),
    "less than nothing is no count": ({"prompt_tokens": 7, "completion_tokens": -3}, None),
    "a text is no count": ({"prompt_tokens": "7", "completion_tokens": 3}, None),
    "more than any model writes is no count": ({"prompt_tokens": 7, "completion_tokens": 10**30}, None),
    "no count beside one": ({"prompt_tokens": 7, "completion_tokens": None}, Usage(input_tokens=7)),
    "a truth is no count": ({"prompt_tokens": True, "completion_tokens": 3}, None),
    "a total without parts says not of which kind": (
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 9},
        None,
    ),
    "cached and written tokens that overlap stay inside where the total says so": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 50, "cache_write_tokens": 60},
        },
        Usage(input_tokens=100, cached_tokens=50, cache_write_tokens=50, output_tokens=20),
    ),
    "a block that counts nothing we know": ({"credits": 3}, None),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_vendor_s_usage_has_one_meaning(name):
    block, expected = ROWS[name]

    assert read_usage(block) == expected


@pytest.mark.parametrize(
    ("block", "missing"),
    [
        ({"output_tokens": 3}, "input"),
        ({"input_tokens": None, "output_tokens": 3}, "input"),
        ({"input_tokens": 0, "output_tokens": 3}, None),
        ({"input_tokens": 0, "cache_read_input_tokens": 9, "output_tokens": 3}, None),
        ({"cache_read_input_tokens": 9, "output_tokens": 3}, None),
        ({"prompt_tokens": 5}, "output"),
        ({"prompt_tokens": 5, "completion_tokens": 0}, None),
        ({"prompt_tokens": 5, "total_tokens": 9}, None),
        ({"completion_tokens": 5, "total_tokens": 9}, None),
        ({"images": 1}, None),
    ],
)
def test_a_half_that_nobody_counted_is_told_from_one_of_zero(block, missing):
    assert missing_half(block, read_usage(block)) == missing


def test_usage_in_parts_takes_the_later_count_and_no_prompt_back():
    begun = {"input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 1}

    assert in_parts(begun, {"output_tokens": 20}) == {**begun, "output_tokens": 20}
    assert in_parts(begun, {"input_tokens": 0, "output_tokens": 20}) == {**begun, "output_tokens": 20}
    moved = {"input_tokens": 14, "cache_read_input_tokens": 0, "output_tokens": 20}
    assert in_parts(begun, moved) == moved
    assert in_parts({}, {"input_tokens": 0, "output_tokens": None}) == {"input_tokens": 0}
