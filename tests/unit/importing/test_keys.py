"""What stands where a key should: which variable is read, and what is never copied."""

import pytest
from typer.testing import CliRunner

from gateway.cli import importing
from gateway.cli.mistakes import Mistake
from gateway.importing.keys import key_of, safe_address


@pytest.mark.parametrize(
    ("written", "form", "key_env"),
    [
        ("os.environ/OPENAI_API_KEY", "variable", "OPENAI_API_KEY"),
        ("os.environ/RELAY_KEY", "variable", "GATEWAY_KEY_RELAY_KEY"),
        ("os.environ/GEMINI_API_KEY_2", "variable", "GATEWAY_KEY_GEMINI_API_KEY_2"),
        ("${OPENAI_API_KEY}", "unexpanded", "OPENAI_API_KEY"),
        ('env("OPENAI_API_KEY")', "unexpanded", "OPENAI_API_KEY"),
        ("no-key-needed", "placeholder", None),
        ("sk-live-0123456789abcdef", "literal", None),
        ("os.environ/sk-live-0123456789abcdef", "literal", None),
        (None, "absent", None),
    ],
)
def test_a_reference_becomes_a_variable_and_a_literal_nothing(written, form, key_env):
    found = key_of(written)

    assert (found.form, found.key_env) == (form, key_env)


@pytest.mark.parametrize(
    "address", ["https://u:p@h.example/v1", "https://h.example/v1?key=x", "https://h.example/sk-0123456789", "no"]
)
def test_an_address_that_may_hold_a_secret_is_none(address):
    assert safe_address(address) is None


def test_a_folder_that_is_there_is_never_written_to(tmp_path):
    (tmp_path / "policy.yaml").write_text("mine")

    result = CliRunner().invoke(importing.app, ["litellm", "config.yaml", "--into", str(tmp_path)])

    assert isinstance(result.exception, Mistake)
    assert (tmp_path / "policy.yaml").read_text() == "mine"
