"""What the bench's upstream says, as the refusal detector sees it."""

import re
from pathlib import Path

import pytest

import bench
from gateway.outcome.refusal import judge

FOLDER = Path(bench.__file__).parent
TEXTS = re.findall(
    r"const char \*(text|pieces) =((?:\s*\"[^\"\n]*\")+);", (FOLDER / "parts/upstream.c").read_text("utf-8")
)


@pytest.mark.parametrize(("name", "literals"), TEXTS, ids=[name for name, _ in TEXTS])
def test_what_the_upstream_says_answers_the_prompt_of_the_bench(name, literals):
    prompt = (FOLDER / "prompt.txt").read_text("utf-8")
    said = "".join(re.findall(r'"([^"]*)"', literals)) * 3

    assert judge(prompt, said) == judge(prompt, said, prefix=160) == "answered"


def test_both_texts_are_found():
    assert [name for name, _ in TEXTS] == ["text", "pieces"]
