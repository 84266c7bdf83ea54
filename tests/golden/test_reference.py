"""What is made from the code is as the code makes it: the policy reference and the JSON Schemas."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from gateway.policy.authoring.schema import schemas
from gateway.source import read
from tools.policy_reference import README, written

pytestmark = pytest.mark.thorough

POLICIES = Path(__file__).parents[2] / "policies"
KINDS = {"policy.yaml": "policy.json", "callers.yaml": "callers.json", "cases": "cases.json", "catalog": "catalog.json"}
FILES = [path for path in sorted(POLICIES.glob("**/*.yaml"))]


def test_the_reference_in_the_guide_is_made_from_the_tables() -> None:
    text = README.read_text(encoding="utf-8")

    assert text == written(text), "run python -m tools.policy_reference"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_as_gateway_schema_writes_it(name: str) -> None:
    kept = json.loads((POLICIES / "schema" / name).read_text(encoding="utf-8"))

    assert kept == schemas()[name], "run gateway schema policies"
    jsonschema.Draft7Validator.check_schema(kept)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(POLICIES)))
def test_every_shipped_file_fits_its_schema_and_names_it(path: Path) -> None:
    kind = KINDS.get(path.name) or KINDS[path.parent.name]
    document, problems = read(path.read_bytes(), path.name)

    errors = list(jsonschema.Draft7Validator(schemas()[kind]).iter_errors(document.data))

    assert (problems, [error.message for error in errors]) == ([], [])
    first = document.text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == (POLICIES / "schema" / kind).resolve()
