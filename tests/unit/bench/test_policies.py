"""The bench's own policies stay valid, let its load client in, and read what they say they read."""

from pathlib import Path

import pytest

from bench.contestants import KEY
from gateway.identity import identify
from gateway.policy.authoring.compile import compile_folder
from gateway.processes.policy_folder import read_folder

FOLDER = Path(__file__).parents[3] / "bench" / "policies"


@pytest.mark.parametrize(("name", "text"), [("plain", frozenset()), ("full", frozenset({"topic", "pii", "language"}))])
def test_a_policy_of_the_bench_compiles_and_needs_the_text_signals_of_its_kind(name, text):
    compiled = compile_folder(read_folder(FOLDER / name))

    assert compiled.policy.needs & {"topic", "pii", "language"} == text
    assert set(compiled.catalog.endpoints) == {"fake@self", "fake-long@self"}
    assert identify(KEY, compiled.keyring, 0.0).team.id == "bench"
